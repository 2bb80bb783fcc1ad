from airflow_deploy.metadata_database import SchedulerJob
from airflow_deploy.parsed import ParseWatch

SYNC = 1000.0
A, B = "dags/a.py", "dags/b.py"


def job(started: float = 0.0, heartbeat: float = SYNC + 1000) -> SchedulerJob:
    return SchedulerJob("running", started, heartbeat)


def watching(*files: str, **given) -> ParseWatch:
    return ParseWatch(set(files), SYNC, listing=10, **given)


def test_a_bundle_without_dag_files_is_parsed_at_once():
    assert watching().complete


def test_a_parse_from_before_the_sync_proves_nothing():
    watch = watching(A)
    assert watch.observe({A: SYNC - 1}, job(), SYNC + 2) == []
    assert not watch.complete


def test_the_first_parse_after_the_sync_may_have_read_the_old_file():
    watch = watching(A)
    assert watch.observe({A: SYNC + 1}, job(), SYNC + 2) == [A], "touched for another"
    assert watch.observe({A: SYNC + 1}, job(), SYNC + 3) == [], "it has some time to come"
    assert watch.observe({A: SYNC + 1}, job(), SYNC + 4) == [A], "a touch may come too early to count"
    assert not watch.complete
    watch.observe({A: SYNC + 4}, job(), SYNC + 5)
    assert watch.complete


def test_one_parse_of_a_scheduler_that_started_later_is_enough():
    watch = watching(A)
    watch.observe({A: SYNC + 9}, job(started=SYNC + 5), SYNC + 10)
    assert watch.complete


def test_but_not_one_of_the_scheduler_before_it():
    watch = watching(A)
    watch.observe({A: SYNC + 3}, job(started=SYNC + 5), SYNC + 10)
    assert not watch.complete


def test_a_silent_file_has_no_dags_after_a_full_loop():
    watch = watching(A, B)
    watch.observe({A: SYNC + 1}, job(), SYNC + 2)
    watch.observe({A: SYNC + 3}, job(), SYNC + 4)
    watch.observe({A: SYNC + 3}, job(), SYNC + 4 + 19)
    assert not watch.complete
    watch.observe({A: SYNC + 3}, job(), SYNC + 4 + 21)
    assert watch.complete
    assert watch.without == {B}


def test_a_file_that_had_a_dag_gets_the_time_that_an_import_may_take():
    watch = watching(A)
    watch.observe({A: SYNC - 100}, job(), SYNC + 39)
    assert not watch.complete
    watch.observe({A: SYNC - 100}, job(), SYNC + 41)
    assert watch.without == {A}


def test_a_scheduler_without_heartbeat_settles_nothing():
    watch = watching(A)
    watch.observe({}, job(heartbeat=SYNC), SYNC + 500)
    watch.observe({}, None, SYNC + 500)
    assert not watch.complete


def test_the_loop_counts_from_the_scheduler_start():
    watch = watching(A)
    watch.observe({}, job(started=SYNC + 490), SYNC + 500)
    assert not watch.complete


def test_what_was_known_to_hold_no_dags_is_not_waited_for_and_may_change():
    watch = watching(A, B, without={B})
    watch.observe({A: SYNC + 1}, job(), SYNC + 2)
    watch.observe({A: SYNC + 3, B: SYNC + 1}, job(), SYNC + 4)
    assert watch.complete
    watch.observe({A: SYNC + 3, B: SYNC + 5}, job(), SYNC + 6)
    assert watch.without == set()
