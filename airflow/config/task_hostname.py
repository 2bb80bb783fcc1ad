"""The name under which Airflow's processes report: set by AIRFLOW__CORE__HOSTNAME_CALLABLE=task_hostname.task_address.

Containers of one ECS task share its address, and a health check finds its own scheduler's heartbeat by it.
"""

from airflow_deploy.task_metadata import task_address

__all__ = ["task_address"]
