"""What airflow-deploy adds to the Airflow image: init, start, health and dag_sync, each run as `python -m`."""
