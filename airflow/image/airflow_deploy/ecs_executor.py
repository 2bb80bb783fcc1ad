"""Each task of a DAG as an ECS task of its own: the amazon provider's AwsEcsExecutor (8.12.0), made to survive.

Set by AIRFLOW__CORE__EXECUTOR=airflow_deploy.ecs_executor.EcsExecutor in every container of Airflow; without it
AIRFLOW__CORE__EXECUTOR=airflow_deploy.local_executor.LocalExecutor, which leaves alone what ECS workers of the time
before still run. The scheduler also needs every key, as environment variables AIRFLOW__AWS_ECS_EXECUTOR__*:

    CONN_ID=                       empty: boto3's own chain, so the task role
    REGION_NAME=eu-central-1
    CLUSTER=airflow                name or ARN
    CONTAINER_NAME=worker
    TASK_DEFINITION=arn:aws:ecs:…:task-definition/airflow-main-worker:7
                                   with its revision: a scheduler that ECS rolls back starts the workers it came with
    LAUNCH_TYPE=FARGATE
    PLATFORM_VERSION=LATEST
    SUBNETS=subnet-1,subnet-2      comma, no spaces
    SECURITY_GROUPS=sg-1           the same
    ASSIGN_PUBLIC_IP=True          True or False, spelled so
    MAX_RUN_TASK_ATTEMPTS=12       about six minutes
    RUN_TASK_KWARGS={}             JSON
    CHECK_HEALTH_ON_STARTUP=False

and AIRFLOW_DEPLOY_WORKER_CPU=1024, AIRFLOW_DEPLOY_WORKER_MEMORY=2048: the worker task definition's own size, against
which an executor_config that names only one of both is checked.

The worker's container has the image's entrypoint, the scheduler's settings (fromBundle and
AIRFLOW_DEPLOY_RESTART_HASH among them), secrets and read-only mount, stopTimeout 120, and no health check. Its
command is ours: `python -m airflow_deploy.start worker airflow tasks run …`. That waits for the release, links
`config/` as the scheduler's does, tells Airflow the task's ARN and becomes `airflow tasks run`. A revision that is
replaced may be deregistered and deleted while workers run from it, but those must not be stopped: they are adopted.
"""
