# SPDX-License-Identifier: Apache-2.0
"""test_lock.py VTL-LIO: one vtl-lio at a time changes LIO, and one that died is in nobody's way.

The program's own code runs, in processes of its own and with a lock file in a folder of the test; LIO is not needed.
"""
import importlib.machinery
import importlib.util
import os
import select
import signal
import subprocess
import sys
import tempfile
import unittest

PROGRAM = sys.argv.pop(1)
WAIT_S = 60

# A setup as far as its lock: tells that it has it, and goes on as long as the test wants (or has a child that does).
SETUP = """
import importlib.machinery, importlib.util, subprocess, sys
loader = importlib.machinery.SourceFileLoader("vtl_lio", sys.argv[1])
vtl_lio = importlib.util.module_from_spec(importlib.util.spec_from_loader("vtl_lio", loader))
loader.exec_module(vtl_lio)
vtl_lio.LOCK = sys.argv[2]
vtl_lio.wait_for_others()
child = subprocess.Popen(["sleep", "600"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) \
    if "child" in sys.argv else None
print("locked", child.pid if child else "", flush=True)
sys.stdin.readline()
"""


class Setup:
    """One vtl-lio that wants the lock."""

    def __init__(self, lock, *words):
        # pylint: disable=consider-using-with
        self.process = subprocess.Popen([sys.executable, "-B", "-c", SETUP, PROGRAM, lock, *words], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def locked(self):
        """Waits until it has the lock; the rest of what it says."""
        line = self.process.stdout.readline()
        assert line.startswith("locked"), line + self.process.stderr.read()
        return line.split()[1:]

    def waits_for(self):
        """Waits until it says that it waits."""
        return self.process.stderr.readline()

    def end(self):
        self.process.communicate("\n", timeout=WAIT_S)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.communicate(timeout=WAIT_S)


class Lock(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()  # pylint: disable=consider-using-with
        self.addCleanup(folder.cleanup)
        self.lock = os.path.join(folder.name, "vtl-lio.lock")

    def test_a_second_one_waits_and_says_for_whom(self):
        first = Setup(self.lock)
        first.locked()
        second = Setup(self.lock)
        self.assertIn(f"waiting for another vtl-lio (process {first.process.pid})", second.waits_for())
        self.assertFalse(select.select([second.process.stdout], [], [], 0.5)[0])
        first.end()
        second.locked()
        second.end()

    def test_the_lock_of_one_that_was_killed_is_free(self):
        first = Setup(self.lock)
        first.locked()
        first.kill()
        second = Setup(self.lock)
        second.locked()
        second.end()

    def test_one_that_waits_goes_on_when_the_first_is_killed(self):
        first = Setup(self.lock)
        first.locked()
        second = Setup(self.lock)
        second.waits_for()
        first.kill()
        second.locked()
        second.end()

    def test_a_child_of_a_killed_one_does_not_keep_the_lock(self):
        first = Setup(self.lock, "child")
        child = int(first.locked()[0])
        try:
            first.kill()
            second = Setup(self.lock)
            second.locked()
            second.end()
        finally:
            os.kill(child, signal.SIGKILL)

    def test_a_file_that_was_left_there_is_no_obstacle(self):
        for text in (b"", b"1\n", b"\xff\x00 garbage"):
            with open(self.lock, "wb") as file:
                file.write(text)
            setup = Setup(self.lock)
            setup.locked()
            with open(self.lock, "rb") as file:
                self.assertEqual(file.read(), b"%d\n" % setup.process.pid)
            setup.end()

    def test_looking_takes_no_lock(self):
        loader = importlib.machinery.SourceFileLoader("vtl_lio", PROGRAM)
        module = importlib.util.module_from_spec(importlib.util.spec_from_loader("vtl_lio", loader))
        loader.exec_module(module)
        self.assertNotIn("wait_for_others", module.cmd_show.__code__.co_names)
        for command in (module.cmd_setup, module.cmd_teardown):
            self.assertIn("wait_for_others", command.__code__.co_names)


unittest.main()
