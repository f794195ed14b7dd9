"""The limits of control groups, read from trees of files as the kernel and container engines make them."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from aotops import cgroups, memory

#: Lines of ``/proc/self/mountinfo``; the fourth and fifth words are what is mounted of the hierarchy, and where.
V2 = "31 24 0:27 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate"
V1_CPU = "34 32 0:30 / /sys/fs/cgroup/cpu,cpuacct rw shared:12 - cgroup cgroup rw,cpu,cpuacct"
V1_MEMORY = "36 32 0:32 / /sys/fs/cgroup/memory rw shared:14 - cgroup cgroup rw,memory"
OTHERS = [
    "24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw",
    "25 24 0:5 / /proc rw - proc proc rw",
    "37 32 0:33 / /sys/fs/cgroup/pids rw shared:15 - cgroup cgroup rw,pids",
    "40 24 0:40 / /mnt/with\\040blank rw - tmpfs tmpfs rw",
    "garbage",
    "",
]


def control_groups(
    folder: Path, *, own: str, mounts: list[str], files: dict[str, str], at: str = "sys/fs/cgroup"
) -> str:
    """A folder that looks like ``/``: the process's groups, the mounts, and files below ``at``."""
    process = folder / "proc" / "self"
    process.mkdir(parents=True)
    (process / "cgroup").write_text(own + "\n")
    (process / "mountinfo").write_text("\n".join([*OTHERS, *mounts, *OTHERS]) + "\n")
    for name, contents in files.items():
        path = folder / at / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(contents + "\n")
    return str(folder)


# --- version 2 ---------------------------------------------------------------------------------------------------


def test_nothing_is_limited_where_there_are_no_control_groups(tmp_path: Path) -> None:
    assert cgroups.cpu_quota(str(tmp_path)) is None and cgroups.memory_limit(str(tmp_path)) is None


@pytest.mark.parametrize(
    ("contents", "quota"),
    [
        ("max 100000", None),
        ("150000 100000", 1.5),
        ("1000 100000", 0.01),
        ("100000 0", None),
        ("100000", None),
        ("garbage", None),
        ("", None),
        ("-1 100000", None),
        ("1e5 100000", None),
    ],
)
def test_the_quota_of_the_own_group(contents: str, quota: float | None, tmp_path: Path) -> None:
    root = control_groups(tmp_path, own="0::/a/b", mounts=[V2], files={"a/b/cpu.max": contents})
    assert cgroups.cpu_quota(root) == quota


@pytest.mark.parametrize("order", [*itertools.permutations(["300000 100000", "200000 100000", "max 100000"])])
def test_the_least_quota_of_all_groups_above_counts(order: tuple[str, ...], tmp_path: Path) -> None:
    names = ("a/b/c/cpu.max", "a/b/cpu.max", "a/cpu.max")
    files = {**dict(zip(names, order, strict=True)), "other/cpu.max": "1000 100000", "a/b/other/cpu.max": "1000 100000"}
    assert cgroups.cpu_quota(control_groups(tmp_path, own="0::/a/b/c", mounts=[V2], files=files)) == 2.0


@pytest.mark.parametrize("name", ["cpu.max", "a/cpu.max", "a/b/cpu.max"])
def test_a_quota_at_any_height_counts(name: str, tmp_path: Path) -> None:
    """The files at the top are those of a container that sees its own group there."""
    root = control_groups(tmp_path, own="0::/a/b", mounts=[V2], files={name: "250000 50000"})
    assert cgroups.cpu_quota(root) == 5.0


@pytest.mark.parametrize("name", ["memory.max", "memory.high"])
@pytest.mark.parametrize("place", ["", "a/", "a/b/"])
def test_memory_is_limited_by_each_file_at_any_height(name: str, place: str, tmp_path: Path) -> None:
    files = {"a/b/memory.max": "max", "a/b/memory.high": "max", f"{place}{name}": "4096000"}
    assert cgroups.memory_limit(control_groups(tmp_path, own="0::/a/b", mounts=[V2], files=files)) == 4096000


def test_the_least_limit_of_memory_counts(tmp_path: Path) -> None:
    files = {"a/memory.max": "3000", "a/memory.high": "2000", "memory.max": "5000", "a/b/memory.max": "max"}
    assert cgroups.memory_limit(control_groups(tmp_path, own="0::/a/b", mounts=[V2], files=files)) == 2000


# --- what is mounted where -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("top", "own", "found"),
    [
        ("/", "0::/docker/x", "docker/x"),
        ("/docker/x", "0::/docker/x", ""),  # a container whose file system shows its own group alone
        ("/docker", "0::/docker/x", "x"),
        ("/docker", "0::/docker-other/x", ""),
        ("/../..", "0::/", ""),  # seen from a namespace below
        ("/", "0::/../../elsewhere", ""),
    ],
)
def test_the_part_of_a_hierarchy_that_is_mounted(top: str, own: str, found: str, tmp_path: Path) -> None:
    mount = V2.replace(" / ", f" {top} ", 1)
    root = control_groups(tmp_path, own=own, mounts=[mount], files={})
    folders = [folder.removeprefix(f"{root}/sys/fs/cgroup").lstrip("/") for _, folder in cgroups.groups("cpu", root)]
    assert folders[0] == found and folders[-1] == ""


def test_a_mount_at_another_place(tmp_path: Path) -> None:
    mount = V2.replace("/sys/fs/cgroup", "/my\\040groups")
    root = control_groups(tmp_path, own="0::/a", mounts=[mount], files={"a/cpu.max": "100000 100000"}, at="my groups")
    assert cgroups.cpu_quota(root) == 1.0


# --- version 1, and both at once -----------------------------------------------------------------------------------

V1_OWN = "12:memory:/docker/x\n4:cpu,cpuacct:/docker/x\n3:pids:/\n1:name=systemd:/docker/x"


@pytest.mark.parametrize("place", ["", "docker/", "docker/x/"])
def test_version_1(place: str, tmp_path: Path) -> None:
    cpu, own_memory = f"cpu,cpuacct/{place}", f"memory/{place}"
    files = {
        "cpu,cpuacct/docker/x/cpu.cfs_quota_us": "-1",
        "cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000",
        "memory/docker/x/memory.limit_in_bytes": str(2**63 - 4096),
        f"{cpu}cpu.cfs_quota_us": "150000",
        f"{cpu}cpu.cfs_period_us": "50000",
        f"{own_memory}memory.limit_in_bytes": "123456789",
    }
    root = control_groups(tmp_path, own=V1_OWN, mounts=[V1_CPU, V1_MEMORY], files=files)
    assert cgroups.cpu_quota(root) == 3.0
    assert cgroups.memory_limit(root) == 123456789


def test_no_limits_in_version_1(tmp_path: Path) -> None:
    files = {
        "cpu,cpuacct/docker/x/cpu.cfs_quota_us": "-1",
        "cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000",
        "memory/docker/x/memory.limit_in_bytes": str(2**63 - 4096),
    }
    root = control_groups(tmp_path, own=V1_OWN, mounts=[V1_CPU, V1_MEMORY], files=files)
    assert cgroups.cpu_quota(root) is None
    assert memory.default_limit(root) == memory.default_limit(str(tmp_path / "nothing"))


def test_both_versions_at_once(tmp_path: Path) -> None:
    """Controllers may be in either hierarchy; that of version 2 then has only the processes."""
    files = {
        "cpu,cpuacct/docker/x/cpu.cfs_quota_us": "200000",
        "cpu,cpuacct/docker/x/cpu.cfs_period_us": "100000",
        "unified/y/memory.max": "777",
    }
    mounts = [V1_CPU, V2.replace("/sys/fs/cgroup", "/sys/fs/cgroup/unified")]
    root = control_groups(tmp_path, own="4:cpu,cpuacct:/docker/x\n0::/y", mounts=mounts, files=files)
    assert cgroups.cpu_quota(root) == 2.0
    assert cgroups.memory_limit(root) == 777


# --- the cache of memory -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "expected"),
    [(2**26, 2**23), (8 * 12345, 12345), (7, 0), (0, 0)],
)
def test_the_cache_may_hold_an_eighth_of_a_containers_memory(limit: int, expected: int, tmp_path: Path) -> None:
    root = control_groups(tmp_path, own="0::/a/b", mounts=[V2], files={"a/memory.max": str(limit)})
    assert memory.default_limit(root) == expected


def test_the_cache_holds_a_gib_at_most(tmp_path: Path) -> None:
    root = control_groups(tmp_path, own="0::/", mounts=[V2], files={"memory.max": str(2**62)})
    assert 0 < memory.default_limit(root) <= 2**30
