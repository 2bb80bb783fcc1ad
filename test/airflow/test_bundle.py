import os

import pytest

from airflow_deploy.bundle import NotYetConsistent, apply_manifest, files_below, release_directory
from airflow_deploy.manifest import BadManifest, applied_manifest, parse_manifest
from airflow_deploy.storage import BundleStore, NothingUploaded
from airflow_deploy.synced_bundle import SyncedBundle

DAG = "from airflow import DAG\n"


@pytest.fixture
def bundle(bucket, root) -> SyncedBundle:
    return SyncedBundle(BundleStore(bucket, "b", "main"), root)


def age(path, seconds: float) -> None:
    moment = path.stat().st_mtime - seconds
    os.utime(path, (moment, moment))


def test_the_first_sync_writes_everything_and_the_manifest(bucket, root, bundle):
    name = bucket.upload({"dags/a.py": DAG, "plugins/p.py": "p", "webserver_config.py": "w"})
    assert bundle.sync()
    assert sorted(files_below(root)) == ["dags/a.py", "plugins/p.py", "webserver_config.py"]
    assert applied_manifest(root).bundle == name
    assert (root / ".bundle.json").read_bytes() == bucket.objects["main/manifest.json"]
    names = sorted(path.name for path in root.iterdir())
    assert names == [".bundle.json", "dags", "plugins", "releases", "webserver_config.py"]


def test_an_unchanged_manifest_costs_one_request(bucket, bundle):
    bucket.upload({"dags/a.py": DAG})
    assert bundle.sync()
    bucket.reads.clear()
    assert not bundle.sync()
    assert bucket.reads == ["main/manifest.json"]


def test_only_changed_files_are_fetched_and_gone_ones_go(bucket, root, bundle):
    bucket.upload({"dags/a.py": DAG, "dags/sub/b.py": DAG, "config/c.py": "c"})
    bundle.sync()
    bucket.reads.clear()
    bucket.upload({"dags/a.py": DAG + "#", "config/c.py": "c"})
    bundle.sync()
    assert bucket.reads == ["main/manifest.json", "main/files/dags/a.py"]
    assert sorted(files_below(root)) == ["config/c.py", "dags/a.py"]
    assert not (root / "dags/sub").exists()


def test_every_dag_gets_a_fresh_time_when_one_changes(bucket, root, bundle):
    bucket.upload({"dags/a.py": DAG, "dags/helper.py": "x = 1"})
    bundle.sync()
    age(root / "dags/a.py", 100)
    bucket.upload({"dags/a.py": DAG, "dags/helper.py": "x = 2"})
    bundle.sync()
    assert (root / "dags/a.py").stat().st_mtime == pytest.approx(bundle.at, abs=0.001)


def test_a_changed_plugin_leaves_the_dags_alone(bucket, root, bundle):
    bucket.upload({"dags/a.py": DAG, "plugins/p.py": "1"})
    bundle.sync()
    age(root / "dags/a.py", 100)
    before = (root / "dags/a.py").stat().st_mtime
    bucket.upload({"dags/a.py": DAG, "plugins/p.py": "2"})
    bundle.sync()
    assert (root / "dags/a.py").stat().st_mtime == before


def test_what_is_read_at_start_stays_as_it_was_for_those_deployed_with_it(bucket, root, bundle):
    for restart, plugin in (("r1", "old"), ("r2", "new")):
        bucket.upload({"dags/a.py": DAG, "plugins/p.py": plugin, "webserver_config.py": "w"}, restart=restart)
        bundle.sync()
    old, new = release_directory(root, "r1"), release_directory(root, "r2")
    assert [(release / "plugins/p.py").read_text() for release in (old, new)] == ["old", "new"]
    assert sorted(path.name for path in new.iterdir()) == ["plugins", "webserver_config.py"]


def test_the_oldest_releases_go(bucket, root, bundle, monkeypatch):
    monkeypatch.setattr("airflow_deploy.bundle.KEPT_RELEASES", 2)
    for number in range(4):
        bucket.upload({"dags/a.py": DAG + str(number)}, restart=f"r{number}")
        bundle.sync()
        age(release_directory(root, f"r{number}"), 100 - number)
    assert sorted(path.name for path in (root / "releases").iterdir()) == ["r2", "r3"]


def test_a_restarted_sidecar_writes_nothing_and_knows_when(bucket, root, bundle):
    bucket.upload({"dags/a.py": DAG})
    bundle.sync()
    again = SyncedBundle(BundleStore(bucket, "b", "main"), root)
    inode = (root / ".bundle.json").stat().st_ino
    assert again.sync()
    assert (root / ".bundle.json").stat().st_ino == inode
    assert again.at == pytest.approx(bundle.at, abs=0.001)


def test_a_file_that_was_tampered_with_is_healed(bucket, root, bundle):
    bucket.upload({"dags/a.py": DAG})
    bundle.sync()
    (root / "dags/a.py").write_text("other")
    (root / "dags/stray.py").write_text("stray")
    SyncedBundle(BundleStore(bucket, "b", "main"), root).sync()
    assert (root / "dags/a.py").read_text() == DAG
    assert not (root / "dags/stray.py").exists()


def test_a_file_of_another_upload_changes_nothing_until_it_fits(bucket, root, bundle):
    bucket.upload({"dags/a.py": DAG, "dags/b.py": DAG})
    bundle.sync()
    name = bucket.upload({"dags/a.py": DAG + "new", "dags/b.py": DAG + "new"})
    fitting = bucket.objects["main/files/dags/b.py"]
    bucket.objects["main/files/dags/b.py"] = b"newer still"
    with pytest.raises(NotYetConsistent):
        bundle.sync()
    assert (root / "dags/a.py").read_text() == DAG
    assert not (root / ".incoming").exists()
    bucket.objects["main/files/dags/b.py"] = fitting
    assert bundle.sync(), "the same manifest is tried again"
    assert applied_manifest(root).bundle == name


def test_a_file_may_become_a_folder_and_back(bucket, root, bundle):
    for files in ({"dags/a": "1"}, {"dags/a/b.py": DAG}, {"dags/a": "2"}):
        bucket.upload(files)
        bundle.sync()
        assert sorted(files_below(root)) == list(files)


def test_byte_code_does_not_keep_a_folder(bucket, root, bundle):
    bucket.upload({"dags/sub/b.py": DAG, "dags/a.py": DAG})
    bundle.sync()
    (root / "dags/sub/__pycache__").mkdir()
    (root / "dags/sub/__pycache__/b.pyc").write_bytes(b"x")
    bucket.upload({"dags/a.py": DAG})
    bundle.sync()
    assert not (root / "dags/sub").exists()


def test_nothing_uploaded_yet_is_said(bundle):
    with pytest.raises(NothingUploaded, match=r"main/manifest\.json does not exist"):
        bundle.sync()


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x", "", ".", "a//b", "./a", ".bundle.json", ".incoming/x"])
def test_no_file_lands_outside(bucket, path):
    bucket.upload({path: "x"})
    with pytest.raises(BadManifest):
        parse_manifest(bucket.objects["main/manifest.json"])


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b'{"format": 2}', b'{"format": 1, "files": {"a": 1}}'])
def test_what_is_no_manifest_is_refused(text):
    with pytest.raises(BadManifest):
        parse_manifest(text)


def test_a_failed_fetch_leaves_the_old_bundle(bucket, root, bundle):
    bucket.upload({"dags/a.py": DAG})
    bundle.sync()
    manifest = bundle.manifest
    bucket.upload({"dags/a.py": DAG + "2"})
    text = bucket.objects["main/manifest.json"]

    def broken(path: str) -> bytes:
        raise OSError("connection reset")

    with pytest.raises(OSError, match="reset"):
        apply_manifest(parse_manifest(text), root, broken)
    assert applied_manifest(root) == manifest
