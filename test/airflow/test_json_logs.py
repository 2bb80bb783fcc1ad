import io
import json
import logging
import subprocess
import sys

from airflow_deploy.json_logs import JsonFormatter, JsonLines


def formatted(formatter=None, **arguments) -> dict:
    record = {"name": "some.logger", "level": logging.INFO, "pathname": "x.py", "lineno": 1, "args": ()}
    line = (formatter or JsonFormatter()).format(logging.LogRecord(**{**record, "exc_info": None, **arguments}))
    assert "\n" not in line
    return json.loads(line)


def test_a_line_has_time_level_logger_and_message():
    entry = formatted(msg="Total is %s\nnext line ☃", args=("12",))
    assert list(entry)[:4] == ["time", "level", "logger", "message"]
    assert entry["level"] == "INFO"
    assert entry["logger"] == "some.logger"
    assert entry["message"] == "Total is 12\nnext line ☃"
    assert entry["time"].endswith("+00:00")


def test_an_exception_is_inside_the_object():
    try:
        raise ValueError('bad "thing"')
    except ValueError:
        entry = formatted(msg="failed", exc_info=sys.exc_info())
    assert entry["message"] == "failed"
    assert entry["exception"].startswith("Traceback (most recent call last):")
    assert entry["exception"].endswith('ValueError: bad "thing"')


def test_a_line_without_an_exception_has_no_such_field():
    assert set(formatted(msg="fine")) == {"time", "level", "logger", "message"}


def test_extra_and_static_fields_do_not_replace_the_first_four():
    record = logging.makeLogRecord({"msg": "text", "name": "n", "levelname": "INFO", "time": "x", "seconds": 3})
    entry = json.loads(JsonFormatter(level="x", dag_id="d").format(record))
    assert entry["level"] == "INFO"
    assert entry["time"] != "x"
    assert (entry["seconds"], entry["dag_id"]) == (3, "d")


def test_what_json_does_not_know_is_text():
    assert formatted(msg="%s", args=({1, 2},))["message"] == "{1, 2}"
    assert formatted(msg={"rows": 3})["message"] == '{"rows": 3}'


def test_arguments_that_do_not_fit_lose_no_line():
    assert formatted(msg="50% of %d", args=("many", 2))["message"] == "50% of %d ('many', 2)"


def test_a_line_that_cloudwatch_would_cut_stays_json():
    for text in ("x" * 300_000, "☃" * 100_000, "\x00" * 60_000):
        line = JsonFormatter().format(logging.makeLogRecord({"msg": text, "other": {"a": "y" * 300_000}}))
        assert len(line.encode()) <= 262_144 - 26
        entry = json.loads(line)
        assert text.startswith(entry["message"])
        assert entry["cut"]["other"] > 300_000


def test_half_a_surrogate_pair_ends_nothing():
    assert formatted(msg="a\ud800b")["message"] == "a?b"


def test_a_stream_makes_objects_of_plain_lines_and_leaves_others():
    target = io.StringIO()
    stream = JsonLines(target, "stdout", "INFO")
    stream.write('{"a": 1}\n  ban')
    stream.write("ner\n\n")
    first, second = target.getvalue().splitlines()
    assert first == '{"a": 1}'
    assert json.loads(second)["message"] == "  banner"
    assert json.loads(second)["logger"] == "stdout"


def test_an_uncaught_exception_is_one_line():
    program = "from airflow_deploy import json_logs; json_logs.configure('x'); json_logs.wrap_standard_streams(); 1 / 0"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == ""
    (line,) = done.stdout.splitlines()
    assert json.loads(line)["message"] == "ZeroDivisionError: division by zero"
