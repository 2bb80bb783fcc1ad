"""The ECS executor in Airflow's own loops: its scheduler's code, its database, and an ECS that can be told to fail."""

from __future__ import annotations

import json
import logging
import os
import time
from types import SimpleNamespace

import pendulum
import pytest
from airflow.callbacks.callback_requests import TaskCallbackRequest
from airflow.dag_processing.processor import DagFileProcessor
from airflow.jobs.local_task_job import LocalTaskJob
from airflow.jobs.scheduler_job import SchedulerJob
from airflow.models import DAG, DagBag, TaskInstance
from airflow.models.serialized_dag import SerializedDagModel
from airflow.operators.empty import EmptyOperator
from airflow.utils import timezone
from airflow.utils.session import create_session
from airflow.utils.state import State
from fake_ecs import IMAGE, FakeEcs, error

KEYS = {
    "CONN_ID": "",
    "REGION_NAME": "eu-central-1",
    "CLUSTER": "airflow",
    "CONTAINER_NAME": "worker",
    "TASK_DEFINITION": "arn:aws:ecs:eu-central-1:000000000000:task-definition/airflow-main-worker:7",
    "LAUNCH_TYPE": "FARGATE",
    "PLATFORM_VERSION": "LATEST",
    "SUBNETS": "subnet-1,subnet-2",
    "SECURITY_GROUPS": "sg-1",
    "ASSIGN_PUBLIC_IP": "True",
    "MAX_RUN_TASK_ATTEMPTS": "12",
    "RUN_TASK_KWARGS": "{}",
    "CHECK_HEALTH_ON_STARTUP": "False",
}
os.environ.update({f"AIRFLOW__AWS_ECS_EXECUTOR__{name}": value for name, value in KEYS.items()})

from airflow_deploy import failed_once, local_executor  # noqa: E402
from airflow_deploy.ecs_executor import EcsExecutor  # noqa: E402
from airflow_deploy.ecs_following import UNWANTED  # noqa: E402


@pytest.fixture(autouse=True)
def clock(monkeypatch) -> SimpleNamespace:
    """time.monotonic() runs ahead by `ahead` seconds."""
    clock, real = SimpleNamespace(ahead=0.0), time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + clock.ahead)
    return clock


class Scheduler:
    """Airflow's scheduler job, one loop at a time, without the DAG processor: its requests are kept in `callbacks`."""

    def __init__(self, dag: DAG, clock: SimpleNamespace, ecs: FakeEcs | None, executor=None) -> None:
        self.dag, self.clock = dag, clock
        self.executor = executor or EcsExecutor()
        if ecs:
            self.executor.ecs = ecs
        self.callbacks: list[TaskCallbackRequest] = []
        self.executor.callback_sink = SimpleNamespace(send=self.callbacks.append)
        self.job = SchedulerJob(executor=self.executor)
        self.job.processor_agent = object()
        with create_session() as session:
            self.job.state = State.RUNNING
            session.add(self.job)
            session.commit()
            session.refresh(self.job)
            session.expunge(self.job)

    def queue(self, *names: str, run_id: str = "run") -> None:
        """What _critical_section_enqueue_task_instances does."""
        for name in names:
            with create_session() as session:
                ti = instance(session, name, run_id)
                ti.state, ti.queued_dttm, ti.queued_by_job_id = State.QUEUED, timezone.utcnow(), self.job.id
                session.flush()
                session.refresh(ti)
                command = ti.command_as_list(local=True)
                ti.refresh_from_task(self.dag.get_task(name))
                session.expunge(ti)
            self.executor.queue_command(ti, command, queue="default")

    def loop(self, times: int = 1, seconds: float = 2.0) -> None:
        """The part of _run_scheduler_loop that has to do with the executor."""
        for _ in range(times):
            self.clock.ahead += seconds
            self.executor.heartbeat()
            with create_session() as session:
                self.job._process_executor_events(session=session)

    def look_for_zombies(self) -> None:
        self.job._find_zombies()
        for request in self.callbacks:
            with create_session() as session:
                processor = DagFileProcessor([], None, logging.getLogger("test"))
                processor._execute_task_callbacks(DagBag(read_dags_from_db=True), request, session)
        self.callbacks.clear()

    def adopt(self) -> int:
        return self.job.adopt_or_reset_orphaned_tasks()

    def dies(self) -> None:
        with create_session() as session:
            session.query(SchedulerJob).filter(SchedulerJob.id == self.job.id).update({"state": State.FAILED})


def instance(session, name: str, run_id: str = "run") -> TaskInstance:
    return session.query(TaskInstance).filter_by(dag_id="work", task_id=name, run_id=run_id, map_index=-1).one()


def seen(name: str, run_id: str = "run") -> SimpleNamespace:
    with create_session() as session:
        ti = instance(session, name, run_id)
        fields = ("state", "_try_number", "external_executor_id", "job_id", "queued_by_job_id", "key")
        return SimpleNamespace(**{field: getattr(ti, field) for field in fields})


def change(name: str, **changes) -> None:
    with create_session() as session:
        ti = instance(session, name)
        for field, value in changes.items():
            setattr(ti, field, value)


def begins(name: str, ecs: FakeEcs, arn: str) -> int:
    """The worker's LocalTaskJob begins the task; returns the job's id."""
    ecs.starts(arn)
    with create_session() as session:
        job = LocalTaskJob(instance(session, name), executor=object())
        job.state, job.latest_heartbeat = State.RUNNING, timezone.utcnow()
        session.add(job)
        session.flush()
        ti = instance(session, name)
        ti.state, ti._try_number, ti.job_id = State.RUNNING, ti._try_number + 1, job.id
        ti.external_executor_id = arn
        return job.id


def job_state(job_id: int) -> str:
    with create_session() as session:
        return session.query(LocalTaskJob.state).filter(LocalTaskJob.id == job_id).scalar()


@pytest.fixture
def dag(database):
    with DAG("work", start_date=pendulum.datetime(2024, 1, 1, tz="UTC"), schedule=None) as dag:
        for name in ("a", "b", "c"):
            EmptyOperator(task_id=name)
        EmptyOperator(task_id="retried", retries=1)
        EmptyOperator(task_id="large", executor_config={"cpu": "1024", "memory": 4096})
        EmptyOperator(task_id="wrong", executor_config={"pod_override": {}})
        EmptyOperator(task_id="impossible", executor_config={"cpu": "256", "memory": "8192"})
        EmptyOperator(
            task_id="full",
            executor_config={
                "cpu": "1 vCPU",
                "memory": "2 GB",
                "ephemeralStorage": {"sizeInGiB": 50},
                "environment": [{"name": "A", "value": "1"}],
            },
        )
    with create_session() as session:
        dag.sync_to_db(session=session)
        SerializedDagModel.write_dag(dag, session=session)
        now = pendulum.now("UTC")
        dag.create_dagrun(
            state=State.RUNNING, run_id="run", execution_date=now, data_interval=(now, now), session=session
        )
    yield dag
    with create_session() as session:
        for table in (LocalTaskJob, SchedulerJob):
            session.query(table).delete()
        dag.clear()
        from airflow.api.common.delete_dag import delete_dag

    delete_dag("work")


@pytest.fixture
def ecs() -> FakeEcs:
    return FakeEcs()


@pytest.fixture
def scheduler(dag, clock, ecs) -> Scheduler:
    return Scheduler(dag, clock, ecs)


def only(ecs: FakeEcs) -> str:
    (arn,) = ecs.tasks
    return arn


def lines(caplog, **fields) -> list[logging.LogRecord]:
    return [record for record in caplog.records if all(getattr(record, k, None) == v for k, v in fields.items())]


# One ECS task per try


def test_each_task_is_one_run_task_and_its_arn_is_kept(scheduler, ecs):
    scheduler.queue("a")
    scheduler.loop(3)
    (request,) = ecs.run
    assert request["overrides"]["containerOverrides"][0]["command"][:7] == [
        *("python", "-m", "airflow_deploy.start", "worker"),
        *("airflow", "tasks", "run"),
    ]
    assert request["taskDefinition"].endswith("airflow-main-worker:7")
    assert request["launchType"] == "FARGATE"
    assert request["networkConfiguration"]["awsvpcConfiguration"] == {
        "subnets": ["subnet-1", "subnet-2"],
        "securityGroups": ["sg-1"],
        "assignPublicIp": "ENABLED",
    }
    assert seen("a").external_executor_id == only(ecs)


def test_its_end_is_reported_with_its_exit_code(scheduler, ecs, caplog):
    caplog.set_level(logging.INFO)
    scheduler.queue("a")
    scheduler.loop()
    begins("a", ecs, only(ecs))
    change("a", state=State.SUCCESS)
    ecs.ends(only(ecs))
    scheduler.loop()
    (line,) = lines(caplog, task_arn=only(ecs), stop_code="EssentialContainerExited")
    assert (line.dag_id, line.task_id, line.run_id, line.try_number) == ("work", "a", "run", 1)
    assert line.containers == [{"name": "worker", "exit_code": 0, "reason": None}]
    assert line.levelname == "INFO"
    assert not scheduler.executor.running
    assert not scheduler.executor.active_workers
    assert seen("a").state == State.SUCCESS


def test_no_call_for_nothing_and_one_for_99_tasks(scheduler, ecs):
    scheduler.loop()
    assert ecs.described == []
    for number in range(120):
        scheduler.executor._started(
            SimpleNamespace(
                key=SimpleNamespace(dag_id="work", task_id=f"t{number}", run_id="r", try_number=1, map_index=-1).task_id
                and seen("a").key._replace(task_id=f"t{number}"),
                queue="default",
                command=[],
                executor_config={},
                attempt_number=1,
            ),
            ecs.run_task(cluster="airflow", taskDefinition="d", clientToken=str(number)),
        )
    for task in ecs.tasks:
        ecs.starts(task)
    scheduler.loop(2)
    assert [len(call) for call in ecs.described] == [99, 21, 99, 21]


# executor_config


def test_cpu_and_memory_are_the_tasks_own(scheduler, ecs):
    scheduler.queue("large")
    scheduler.loop()
    overrides = ecs.run[0]["overrides"]
    assert (overrides["cpu"], overrides["memory"]) == ("1024", "4096")
    assert not {"cpu", "memory"} & overrides["containerOverrides"][0].keys()


def test_storage_and_the_containers_environment(scheduler, ecs):
    scheduler.queue("full")
    scheduler.loop()
    overrides = ecs.run[0]["overrides"]
    assert (overrides["cpu"], overrides["memory"]) == ("1024", "2048")
    assert overrides["ephemeralStorage"] == {"sizeInGiB": 50}
    assert {"name": "A", "value": "1"} in overrides["containerOverrides"][0]["environment"]
    assert scheduler.dag.get_task("full").executor_config["environment"] == [{"name": "A", "value": "1"}]


@pytest.mark.parametrize(
    ("name", "reason"),
    [("wrong", "executor_config has no pod_override"), ("impossible", "Fargate has no memory 8192 with cpu 256")],
)
def test_what_fargate_cannot_run_fails_once_with_the_reason(scheduler, ecs, caplog, name, reason):
    scheduler.queue(name)
    scheduler.loop(3)
    assert ecs.run == []
    assert seen(name).state == State.FAILED
    (line,) = [line for line in lines(caplog, task_id=name) if "no ECS task" in line.message]
    assert reason in line.message


# RunTask refused


def test_throttled_tasks_wait_longer_each_time_and_are_not_tried_twice_in_a_loop(scheduler, ecs):
    ecs.refuses = [error("ThrottlingException", "Rate exceeded")] * 5
    scheduler.queue("a", "b")
    tries = []
    for _ in range(80):
        before = len(ecs.run)
        scheduler.loop(seconds=0.5)
        tries.append(len(ecs.run) - before)
    assert tries[0] == 2, "each once"
    assert max(tries[1:10]) == 1, "while ECS throttles, one call a loop asks whether it still does"
    assert len(ecs.run) == 7
    assert len(ecs.tasks) == 2
    assert seen("a").state == seen("b").state == State.QUEUED


def test_capacity_that_comes_back_after_minutes_is_waited_for(scheduler, ecs):
    ecs.refuses = ["Capacity is unavailable at this time"] * 8
    scheduler.queue("a")
    began = scheduler.clock.ahead
    while not ecs.tasks:
        scheduler.loop(seconds=1)
    assert scheduler.clock.ahead - began > 60
    assert len(ecs.run) == 9
    assert len({request["clientToken"] for request in ecs.run}) == 9, "each answered refusal is done with"
    assert seen("a").external_executor_id == only(ecs)


def test_after_the_last_attempt_the_try_fails_with_the_reason(scheduler, ecs):
    ecs.refuses = ["RESOURCE:FARGATE"] * 100
    scheduler.queue("retried")
    scheduler.loop(600, seconds=1)
    assert len(ecs.run) == 12
    assert seen("retried").state == State.UP_FOR_RETRY
    assert not scheduler.executor.running


def test_the_others_do_not_wait_for_one_without_capacity(scheduler, ecs):
    ecs.refuses = ["RESOURCE:ENI"]
    scheduler.queue("a", "b")
    scheduler.loop()
    assert [seen("a").external_executor_id, seen("b").external_executor_id] == [None, only(ecs)]


@pytest.mark.parametrize(
    "refusal",
    [
        error("AccessDeniedException", "not authorized to perform: ecs:RunTask"),
        error("InvalidParameterException", "TaskDefinition not found."),
        error("ClientException", "No Fargate configuration exists for given values."),
    ],
)
def test_what_will_not_pass_fails_at_once(scheduler, ecs, caplog, refusal):
    ecs.refuses = [refusal]
    scheduler.queue("a")
    scheduler.loop(3)
    assert len(ecs.run) == 1
    assert seen("a").state == State.FAILED
    assert any(str(refusal) in line.message for line in lines(caplog, task_id="a"))


@pytest.mark.parametrize(
    "refusal",
    [
        error("ClientException", "You’ve reached the limit on the number of vCPUs you can run concurrently"),  # noqa: RUF001
        error("InvalidParameterException", "ECS was unable to assume the role 'r' that was provided for this task."),
        error("ConflictException", "The client token was used with different parameters."),
        error("ServerException", "Service Unavailable", status=503),
        ConnectionResetError("Connection reset by peer"),
    ],
)
def test_what_may_pass_is_tried_again(scheduler, ecs, refusal):
    ecs.refuses = [refusal]
    scheduler.queue("a")
    scheduler.loop(2)
    assert seen("a").external_executor_id == only(ecs)


def test_a_lost_answer_starts_no_second_worker(scheduler, ecs):
    ecs.answer_lost = True
    scheduler.queue("a")
    scheduler.loop(5)
    assert len(ecs.run) == 2
    assert seen("a").external_executor_id == only(ecs)


def test_a_scheduler_killed_between_the_call_and_its_record_starts_no_second_worker(scheduler, ecs, dag, clock):
    scheduler.queue("a")
    scheduler.executor.heartbeat()
    scheduler.dies()
    after = Scheduler(dag, clock, ecs)
    assert after.adopt() == 1
    after.queue("a")
    after.loop()
    assert seen("a").external_executor_id == only(ecs)


def test_a_task_marked_while_it_waits_for_capacity_is_not_started(scheduler, ecs):
    ecs.refuses = ["RESOURCE:FARGATE"] * 2
    scheduler.queue("a")
    scheduler.loop()
    change("a", state=State.FAILED)
    scheduler.loop(10)
    assert not ecs.tasks
    assert not scheduler.executor.running
    assert seen("a").state == State.FAILED


# Workers that end


def test_a_worker_that_never_began_fails_its_try_once_with_the_reason(scheduler, ecs, caplog):
    scheduler.queue("retried")
    scheduler.loop()
    ecs.does_not_start(only(ecs))
    scheduler.loop(3)
    assert len(ecs.run) == 1, "it is the DAG that decides on another try"
    assert seen("retried").state == State.UP_FOR_RETRY
    (line,) = lines(caplog, task_arn=only(ecs), stop_code="TaskFailedToStart", stopped_reason=IMAGE)
    assert line.levelname == "ERROR"
    assert line.containers == [{"name": "worker", "exit_code": None, "reason": IMAGE}]
    assert not scheduler.executor.active_workers


def test_the_next_try_is_another_worker(scheduler, ecs):
    scheduler.queue("retried")
    scheduler.loop()
    first = only(ecs)
    ecs.does_not_start(first)
    scheduler.loop()
    scheduler.queue("retried")
    scheduler.loop()
    assert len(ecs.tasks) == 2
    assert seen("retried").external_executor_id not in (None, first)


def test_a_try_that_never_began_has_its_log_in_the_web_page(scheduler, ecs):
    scheduler.queue("a")
    scheduler.loop()
    ecs.does_not_start(only(ecs))
    scheduler.loop(2)
    assert (seen("a").state, seen("a")._try_number) == (State.FAILED, 1)


def test_the_reason_is_in_the_tasks_own_log(scheduler, ecs, monkeypatch):
    events = []

    class Logs:
        class exceptions:  # noqa: N801
            class ResourceAlreadyExistsException(Exception):
                pass

        def create_log_stream(self, **where) -> None:
            raise self.exceptions.ResourceAlreadyExistsException

        def put_log_events(self, **call) -> None:
            events.append(call)

    handler = SimpleNamespace(
        log_group="/task",
        hook=SimpleNamespace(get_conn=Logs),
        _render_filename=lambda ti, try_number: f"{ti.dag_id}/{ti.task_id}/{try_number}",
    )
    monkeypatch.setattr(logging.getLogger("airflow.task"), "handlers", [handler])
    monkeypatch.setattr(logging.getLogger("airflow.task"), "propagate", False)
    monkeypatch.setattr(logging.getLogger("airflow.task"), "disabled", True)
    scheduler.queue("a")
    scheduler.loop()
    ecs.does_not_start(only(ecs))
    scheduler.loop()
    scheduler.executor.reports.task_log._pool.shutdown()
    (call,) = events
    entry = json.loads(call["logEvents"][0]["message"])
    assert (call["logGroupName"], call["logStreamName"]) == ("/task", "work/a/1")
    assert (entry["dag_id"], entry["task_id"], entry["run_id"], entry["try_number"]) == ("work", "a", "run", 1)
    assert IMAGE in entry["message"]
    assert entry["level"] == "ERROR"


def test_a_killed_worker_fails_its_try_at_once_by_the_dags_rules(scheduler, ecs):
    scheduler.queue("retried")
    scheduler.loop()
    job = begins("retried", ecs, only(ecs))
    scheduler.look_for_zombies()
    assert seen("retried").state == State.RUNNING
    ecs.ends(only(ecs), 137, "OutOfMemoryError: Container killed due to memory usage")
    scheduler.loop()
    assert job_state(job) == State.FAILED
    scheduler.look_for_zombies()
    assert seen("retried").state == State.UP_FOR_RETRY


def test_a_killed_try_that_airflow_finds_twice_has_its_retry(scheduler, ecs, monkeypatch):
    monkeypatch.setattr(DagFileProcessor, "_execute_task_callbacks", DagFileProcessor._execute_task_callbacks)
    failed_once.install()
    scheduler.queue("retried")
    scheduler.loop()
    begins("retried", ecs, only(ecs))
    ecs.ends(only(ecs), 137)
    scheduler.loop()
    scheduler.job._find_zombies()
    scheduler.look_for_zombies()
    assert seen("retried").state == State.UP_FOR_RETRY


def test_a_worker_that_wrote_its_state_itself_keeps_it(scheduler, ecs):
    scheduler.queue("retried")
    scheduler.loop()
    job = begins("retried", ecs, only(ecs))
    change("retried", state=State.SUCCESS)
    ecs.ends(only(ecs), 1)
    scheduler.loop()
    scheduler.look_for_zombies()
    assert seen("retried").state == State.SUCCESS
    assert job_state(job) == State.RUNNING


def test_a_second_worker_that_found_the_task_taken_does_not_fail_it(scheduler, ecs):
    scheduler.queue("a")
    scheduler.loop()
    job = begins("a", ecs, only(ecs))
    change("a", external_executor_id="arn:aws:ecs:of-another-worker")
    ecs.ends(only(ecs))
    scheduler.loop()
    assert (seen("a").state, job_state(job)) == (State.RUNNING, State.RUNNING)


def test_a_cleared_task_whose_worker_died_is_retried(scheduler, ecs):
    scheduler.queue("a")
    scheduler.loop()
    begins("a", ecs, only(ecs))
    change("a", state=State.RESTARTING)
    ecs.ends(only(ecs), 137)
    scheduler.loop()
    assert seen("a").state == State.UP_FOR_RETRY


# DescribeTasks


def test_a_minute_without_describe_tasks_loses_nothing(scheduler, ecs):
    scheduler.queue("a")
    scheduler.loop()
    begins("a", ecs, only(ecs))
    ecs.describe_fails = error("ServerException", status=500, operation="DescribeTasks")
    scheduler.loop(60, seconds=1)
    scheduler.queue("b")
    scheduler.loop()
    assert len(ecs.tasks) == 2, "others start meanwhile"
    assert seen("a").state == State.RUNNING
    ecs.describe_fails = None
    change("a", state=State.SUCCESS)
    ecs.ends(seen("a").external_executor_id)
    scheduler.loop(31)
    assert len(scheduler.executor.active_workers) == 1
    assert len(ecs.run) == 2


def test_a_task_that_ecs_does_not_know_yet_is_waited_for(scheduler, ecs):
    scheduler.queue("a")
    scheduler.loop()
    ecs.unknown.add(only(ecs))
    scheduler.loop(60, seconds=1)
    assert seen("a").state == State.QUEUED
    ecs.unknown.clear()
    scheduler.loop()
    ecs.unknown.add(only(ecs))
    scheduler.loop(100, seconds=1)
    assert seen("a").state == State.QUEUED, "the time counts from when it was seen last"
    scheduler.loop(30, seconds=1)
    assert seen("a").state == State.FAILED
    assert len(ecs.run) == 1


# The scheduler replaced


def test_running_workers_are_taken_over_and_not_started_again(scheduler, ecs, dag, clock):
    scheduler.queue("a", "b")
    scheduler.loop()
    begins("a", ecs, seen("a").external_executor_id)
    scheduler.dies()
    after = Scheduler(dag, clock, ecs)
    assert after.adopt() == 0
    assert (seen("a").state, seen("b").state) == (State.RUNNING, State.QUEUED)
    assert seen("a").queued_by_job_id == after.job.id
    change("a", state=State.SUCCESS)
    for arn in ecs.tasks:
        ecs.ends(arn, 1)
    after.loop(2)
    assert len(ecs.run) == 2
    assert (seen("a").state, seen("b").state) == (State.SUCCESS, State.FAILED)


def test_what_ended_meanwhile_ends_by_the_dags_rules(scheduler, ecs, dag, clock):
    scheduler.queue("retried")
    scheduler.loop()
    begins("retried", ecs, only(ecs))
    scheduler.dies()
    ecs.ends(only(ecs), 137)
    after = Scheduler(dag, clock, ecs)
    assert after.adopt() == 0
    after.loop()
    after.look_for_zombies()
    assert seen("retried").state == State.UP_FOR_RETRY


def test_what_was_not_started_is_queued_again(scheduler, ecs, dag, clock):
    ecs.refuses = ["RESOURCE:FARGATE"] * 9
    scheduler.queue("a", "b")
    scheduler.loop()
    change("b", external_executor_id="arn:aws:ecs:forgotten")
    scheduler.dies()
    after = Scheduler(dag, clock, ecs)
    assert after.adopt() == 2
    assert (seen("a").state, seen("b").state) == (None, None)


def test_describe_tasks_failing_at_the_start_resets_nothing(scheduler, ecs, dag, clock):
    scheduler.queue("a")
    scheduler.loop()
    job = begins("a", ecs, only(ecs))
    scheduler.dies()
    ecs.describe_fails = error("ThrottlingException", operation="DescribeTasks")
    after = Scheduler(dag, clock, ecs)
    assert after.adopt() == 0
    after.loop(5)
    ecs.describe_fails = None
    ecs.ends(only(ecs), 137)
    after.loop(5)
    assert job_state(job) == State.FAILED


def test_a_running_task_that_ecs_forgot_is_not_run_beside_itself(scheduler, ecs, dag, clock):
    scheduler.queue("a")
    scheduler.loop()
    job = begins("a", ecs, only(ecs))
    scheduler.dies()
    ecs.unknown.add(only(ecs))
    after = Scheduler(dag, clock, ecs)
    assert after.adopt() == 0
    after.loop(2)
    assert (seen("a").state, job_state(job)) == (State.RUNNING, State.RUNNING)
    after.loop(10, seconds=5)
    assert job_state(job) == State.FAILED, "its heartbeat does not move"


def test_a_scheduler_that_ends_leaves_its_workers_alone_and_waits_for_none(scheduler, ecs):
    scheduler.queue("a", "b")
    scheduler.executor.heartbeat()  # SIGTERM comes before Airflow has noted the ARNs
    began = time.monotonic()
    scheduler.executor.end()
    scheduler.executor.terminate()
    assert time.monotonic() - began < 5
    assert ecs.stopped == {}
    assert {seen("a").external_executor_id, seen("b").external_executor_id} == set(ecs.tasks)


# Marked and cleared


def test_marking_a_task_stops_the_worker_that_has_not_begun(scheduler, ecs):
    scheduler.queue("a")
    scheduler.loop()
    change("a", state=State.FAILED)
    scheduler.loop()
    assert ecs.stopped == {only(ecs): UNWANTED}
    ecs.is_stopped(only(ecs))
    scheduler.loop(2)
    assert seen("a").state == State.FAILED
    assert not scheduler.executor.running
    assert len(ecs.run) == 1


def test_clearing_a_task_stops_the_worker_that_has_not_begun_and_starts_another_after_it(scheduler, ecs):
    scheduler.queue("a")
    scheduler.loop()
    first = only(ecs)
    change("a", state=None, external_executor_id=None)
    scheduler.queue("a")
    scheduler.loop(20)
    assert ecs.stopped == {first: UNWANTED}
    assert len(ecs.run) == 1, "not beside the first"
    ecs.is_stopped(first)
    scheduler.loop(2)
    assert len(ecs.tasks) == 2
    assert seen("a").state == State.QUEUED
    assert seen("a").external_executor_id not in (None, first)


def test_after_a_restart_too_the_stopped_worker_is_not_taken_for_the_new_one(scheduler, ecs, dag, clock):
    scheduler.queue("a")
    scheduler.loop()
    change("a", state=None, external_executor_id=None)
    scheduler.queue("a")
    scheduler.loop()
    ecs.is_stopped(only(ecs))
    scheduler.dies()
    after = Scheduler(dag, clock, ecs)
    assert after.adopt() == 1
    after.queue("a")
    after.loop(3)
    assert len(ecs.tasks) == 2
    assert seen("a").state == State.QUEUED


def test_a_worker_that_has_begun_is_left_to_look_for_itself(scheduler, ecs):
    scheduler.queue("a")
    scheduler.loop()
    begins("a", ecs, only(ecs))
    change("a", state=State.FAILED)
    scheduler.loop(3)
    assert ecs.stopped == {}


def test_a_task_that_is_rescheduled_waits_for_its_former_worker(scheduler, ecs):
    scheduler.queue("a")
    scheduler.loop()
    first = only(ecs)
    begins("a", ecs, first)
    change("a", state=State.UP_FOR_RESCHEDULE, _try_number=0)
    scheduler.queue("a")
    scheduler.loop(20)
    assert len(ecs.run) == 1
    assert ecs.stopped == {}
    ecs.ends(first)
    scheduler.loop(2)
    assert len(ecs.tasks) == 2
    assert seen("a").state == State.QUEUED


def test_what_its_former_worker_did_is_not_done_again(scheduler, ecs):
    scheduler.queue("a")
    scheduler.loop()
    scheduler.queue("a")  # cleared and queued while the worker begins
    begins("a", ecs, only(ecs))
    change("a", state=State.SUCCESS)
    ecs.ends(only(ecs))
    scheduler.loop(3)
    assert len(ecs.run) == 1
    assert seen("a").state == State.SUCCESS


# Back to the local executor


@pytest.fixture
def local(dag, clock):
    executor = local_executor.LocalExecutor(parallelism=1)
    executor.start()
    yield Scheduler(dag, clock, None, executor)
    executor.end()


def test_the_local_executor_leaves_ecs_workers_alone(scheduler, ecs, local):
    scheduler.queue("a", "b")
    scheduler.loop()
    job = begins("a", ecs, seen("a").external_executor_id)
    scheduler.dies()
    assert local.adopt() == 1, "b has not begun"
    assert (seen("a").state, seen("b").state) == (State.RUNNING, None)
    assert seen("a").queued_by_job_id == local.job.id
    local.loop(2, seconds=6)
    assert (seen("a").state, job_state(job)) == (State.RUNNING, State.RUNNING)


def test_a_silent_ecs_worker_ends_by_the_dags_rules(scheduler, ecs, local):
    scheduler.queue("retried")
    scheduler.loop()
    job = begins("retried", ecs, only(ecs))
    scheduler.dies()
    assert local.adopt() == 0
    for _ in range(10):
        with create_session() as session:
            session.query(LocalTaskJob).filter_by(id=job).update({"latest_heartbeat": timezone.utcnow()})
        local.loop(seconds=6)
    local.look_for_zombies()
    assert seen("retried").state == State.RUNNING, "its heart beats"
    local.loop(7, seconds=6)
    local.look_for_zombies()
    assert seen("retried").state == State.UP_FOR_RETRY


def test_what_the_local_executor_was_killed_with_ends_by_the_dags_rules(scheduler, local):
    local.queue("a")
    scheduler.clock.ahead += 1
    jobs = [begins_locally(name, local) for name in ("retried", "b")]
    local.dies()
    assert scheduler.adopt() == 1, "a waits for its turn"
    assert (seen("a").state, seen("b").state) == (None, State.RUNNING)
    scheduler.loop(8, seconds=6)
    assert [job_state(job) for job in jobs] == [State.FAILED, State.FAILED]
    scheduler.look_for_zombies()
    assert (seen("retried").state, seen("b").state) == (State.UP_FOR_RETRY, State.FAILED)


def begins_locally(name: str, local: Scheduler) -> int:
    ecs = SimpleNamespace(starts=lambda arn: None)
    job = begins(name, ecs, None)
    change(name, queued_by_job_id=local.job.id)
    return job
