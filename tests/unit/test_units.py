"""One case for each CMocka program of each build: as it ships, and under the sanitizers."""
import concurrent.futures
import os
import platform
import subprocess
import tempfile

import pytest

from places import BUILD, ROOT
from unit.programs import programs

BUILDS = [BUILD, ROOT / "build-asan", ROOT / "build-tsan"]
SANITIZERS = {
    "ASAN_OPTIONS": "detect_stack_use_after_return=1:strict_string_checks=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
}


def without_address_randomization():
    """Sanitizers map their shadow at fixed places, where a kernel with wide randomization may have put
    something; a container may forbid to turn it off, and then mostly needs no help."""
    command = ["setarch", platform.machine(), "-R"]
    works = subprocess.run([*command, "true"], capture_output=True, check=False).returncode == 0
    return command if works else []


def cases():
    for build in BUILDS:
        if (build / "build.ninja").exists():
            for test in programs(build):
                yield pytest.param(build, test, id=f"{build.name}-{test['name']}")


@pytest.mark.parametrize("build", BUILDS, ids=lambda build: build.name)
def test_there_are_programs(build):
    """Or nothing below would be run, and nobody would know."""
    assert (build / "build.ninja").exists(), f"{build} is not built: tests/run builds it"
    assert programs(build)


def run(build, test):
    """What a program said and its status; None where it was not done in time."""
    prefix = without_address_randomization() if build != BUILD else []
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run([*prefix, *test["cmd"]], cwd=test["workdir"] or build,
                                  text=True, errors="replace",
                                  env=os.environ | SANITIZERS | {"TMPDIR": folder} | test["env"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  timeout=test["timeout"], check=False)
        except subprocess.TimeoutExpired as late:
            return (late.stdout or b"").decode(errors="replace"), None
    return done.stdout, done.returncode


@pytest.fixture(scope="module")
def runs(request):
    """The programs that were asked for, in the order of the tests; one more at a time than there are cores, since some
    record in real time and leave theirs idle."""
    pool = concurrent.futures.ThreadPoolExecutor(os.cpu_count() + 1)
    asked = [item.callspec for item in request.session.items if getattr(item, "function", None) is test_unit]
    yield {spec.id: pool.submit(run, spec.params["build"], spec.params["test"]) for spec in asked}
    pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("build, test", cases())
def test_unit(build, test, runs, request):
    output, status = runs[request.node.callspec.id].result()
    if status is None:
        pytest.fail(f"not done after {test['timeout']} s\n{output}", pytrace=False)
    if status:
        pytest.fail(f"status {status}\n{output}", pytrace=False)
