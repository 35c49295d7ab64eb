"""Each night: refresh, then verify; once a week gc. For Airflow 2.11.

Install: into Airflow's dags folder. Check: `python stillhouse_airflow.py`, or `airflow dags list-import-errors`.
The worker needs bin/stillhouse (or spark-submit with the jobs jar) and the cluster's client settings.
"""

from __future__ import annotations

from datetime import timedelta

import pendulum
from airflow.models.dag import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import ShortCircuitOperator

STILLHOUSE = "/opt/stillhouse/bin/stillhouse"
PLATES = "--data /etc/stillhouse/plates.yaml --root hdfs:///stillhouse/plates"
TEACHER = "--teacher sam2-hiera-tiny"
ENVIRONMENT = {
    "STILLHOUSE_CLUSTER": "/etc/stillhouse/cluster.conf",
    "MLFLOW_TRACKING_URI": "https://mlflow.example.org",
}


def is_sunday(logical_date: pendulum.DateTime, **_: object) -> bool:
    return logical_date.day_of_week == pendulum.SUNDAY


def job(name: str, arguments: str, **more: object) -> BashOperator:
    return BashOperator(
        task_id=name,
        bash_command=f"{STILLHOUSE} {name} {arguments}",
        env=ENVIRONMENT,
        append_env=True,
        **more,
    )


with DAG(
    dag_id="stillhouse_plates",
    schedule="30 1 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    catchup=False,  # a refresh takes up all that changed since, so one makes up for many
    max_active_runs=1,
    default_args={
        "retries": 2,  # a run goes on where the last one was stopped
        "retry_delay": timedelta(minutes=15),
        "execution_timeout": timedelta(hours=20),
    },
    tags=["stillhouse"],
):
    refresh = job("refresh", f"{PLATES} {TEACHER}")
    verify = job("verify", f"{PLATES} {TEACHER} --recompute 20", retries=0)
    sunday = ShortCircuitOperator(task_id="sunday", python_callable=is_sunday)
    gc = job("gc", f"{PLATES} --runs /srv/stillhouse/plates/runs")
    refresh >> verify >> sunday >> gc
