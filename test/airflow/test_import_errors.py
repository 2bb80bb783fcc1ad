import pytest
from airflow.models import DagBag

from airflow_deploy.import_errors import describe_import_error

CASES = {
    "syntax": ("import airflow\ndag = (1,\n", 2, "SyntaxError: '(' was never closed"),
    "name": ("# airflow dag\n\nx = nothing\n", 3, "NameError: name 'nothing' is not defined"),
    "missing module": ("# airflow dag\nimport not_there\n", 2, "ModuleNotFoundError: No module named 'not_there'"),
    "several lines": ("# airflow dag\nraise ValueError('one\\n  two')\n", 2, "ValueError: one\n  two"),
    "in a library": (
        "# airflow dag\nimport json\n\ndef f():\n    json.loads('x')\nf()\n",
        5,
        "json.decoder.JSONDecodeError: Expecting value: line 1 column 1 (char 0)",
    ),
    "while handling another": (
        "# airflow dag\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    raise KeyError('k')\n",
        5,
        "KeyError: 'k'",
    ),
    "indentation": ("# airflow dag\nif True:\nx = 1\n", 3, None),
}


@pytest.mark.parametrize(("source", "line", "message"), CASES.values(), ids=CASES)
def test_airflows_own_error_is_told_as_line_and_message(tmp_path, source, line, message):
    path = tmp_path / "broken.py"
    path.write_text(source)
    bag = DagBag(str(path), include_examples=False, read_dags_from_db=False)
    found = describe_import_error(bag.import_errors[str(path)], str(path))
    assert found[0] == line
    assert message is None or found[1] == message


def test_text_without_a_traceback_has_no_line():
    assert describe_import_error("DagBag import timeout for /x.py after 30.0s", "/x.py") == (
        None,
        "DagBag import timeout for /x.py after 30.0s",
    )
    assert describe_import_error("", "/x.py") == (None, "no message")
