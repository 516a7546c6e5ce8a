# SPDX-License-Identifier: Apache-2.0
"""A real Slurm on loopback: munged, slurmctld and one slurmd a node, started by this process.

Nothing outside one directory is written, no service is used, ports are free ones of 127.0.0.1, and
only processes that were started here are ended.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel", "sinfo")

CONFIGURATION = """\
ClusterName=loopback
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,bf_interval=1,batch_sched_delay=0,sched_min_interval=0
SlurmdParameters=config_overrides
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
JobRequeue=1
KillWait=2
MinJobAge=300
MaxArraySize={max_array_size}
SlurmctldTimeout=10
SlurmdTimeout={node_timeout}
{nodes}
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
"""


def missing_programs() -> list[str]:
    """Programs of Slurm that this machine lacks; empty where a cluster can be started."""
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    return [name for name in PROGRAMS if shutil.which(name, path=path) is None]


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def wait_for(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Looks four times a second. AssertionError that says what did not happen."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds} s: {what}"
        time.sleep(0.25)


class SlurmCluster:
    """`nodes` nodes n0, n1, ... with `cpus` each. Use as a context manager."""

    def __init__(self, folder: Path, nodes: int = 2, cpus: int = 4, max_array_size: int = 1001,
                 node_timeout: int = 10) -> None:
        self.folder = folder
        self.names = [f"n{i}" for i in range(nodes)]
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}
        for name in ("state", "spool", "log", "munge", *(f"spool/{n}" for n in self.names)):
            (folder / name).mkdir(parents=True)
        (folder / "munge").chmod(0o700)
        port, *node_ports = free_ports(nodes + 1)
        host = socket.gethostname().split(".")[0]
        lines = [f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={p} CPUs={cpus} "
                 "RealMemory=1000 State=UNKNOWN" for name, p in zip(self.names, node_ports)]
        self.configuration = folder / "slurm.conf"
        self.configuration.write_text(CONFIGURATION.format(
            host=host, port=port, user=pwd.getpwuid(os.getuid()).pw_name, folder=folder,
            max_array_size=max_array_size, node_timeout=node_timeout, nodes="\n".join(lines)))
        self.environment = {name: value for name, value in os.environ.items()
                            if not name.startswith(("SLURM_", "SBATCH_", "SQUEUE_"))}
        self.environment |= {"SLURM_CONF": str(self.configuration),
                             "PATH": os.environ["PATH"] + ":/usr/sbin:/sbin"}

    def __enter__(self) -> SlurmCluster:
        try:
            self._start_all()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Jobs first, so that no process of theirs is left; then the daemons."""
        if self.alive("slurmctld"):
            self.call("scancel", "--quiet", "--user", pwd.getpwuid(os.getuid()).pw_name)
            end = time.monotonic() + 15
            while self.call("squeue", "-h", "-t", "R,CG") and time.monotonic() < end:
                time.sleep(0.25)
        for name in reversed(list(self.daemons)):
            self.stop(name)
        self._end_jobs()

    def _end_jobs(self) -> None:
        """Ends what a lost node leaves behind: processes with this cluster in their environment."""
        mark = f"SLURM_CONF={self.configuration}".encode()
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                if mark in path.read_bytes().split(b"\0"):
                    os.kill(int(path.parent.name), signal.SIGKILL)
            except OSError:
                continue  # ended in between, or somebody else's

    def _start_all(self) -> None:
        munge = self.folder / "munge"
        (munge / "key").write_bytes(os.urandom(1024))
        (munge / "key").chmod(0o600)
        self._spawn("munged", "--foreground", "--force", f"--socket={munge}/socket",
                    f"--key-file={munge}/key", f"--seed-file={munge}/seed",
                    f"--pid-file={munge}/pid", f"--log-file={munge}/log", "--num-threads=2")
        wait_for((munge / "socket").exists, 10, "munged makes its socket")
        self._spawn("slurmctld", "-D", "-f", self.configuration)
        for name in self.names:
            self.start_node(name)
        wait_for(self._ready, 30, "all nodes are idle; see " + str(self.folder / "log"))

    def _ready(self) -> bool:
        dead = [name for name in self.daemons if not self.alive(name)]
        assert not dead, f"{dead} ended: " + "\n".join(
            (self.folder / "log" / name).read_text(errors="replace")[-2000:] for name in dead)
        return self.call("sinfo", "-h", "-N", "-o", "%T").split() == ["idle"] * len(self.names)

    def _spawn(self, program: str, *arguments: object, name: str = "") -> None:
        name = name or program
        with open(self.folder / "log" / name, "ab") as log:
            path = shutil.which(program, path=self.environment["PATH"])
            self.daemons[name] = subprocess.Popen(
                [path, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.environment, start_new_session=True)

    def start_node(self, name: str) -> None:
        self._spawn("slurmd", "-D", "-N", name, "-f", self.configuration, name=f"slurmd.{name}")

    def alive(self, daemon: str) -> bool:
        return daemon in self.daemons and self.daemons[daemon].poll() is None

    def kill(self, daemon: str) -> None:
        """As when a machine crashes: SIGKILL."""
        self.daemons[daemon].kill()
        self.daemons[daemon].wait()

    def stop(self, daemon: str) -> None:
        process = self.daemons[daemon]
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def call(self, *command: object) -> str:
        """Standard output of a command of Slurm, whatever its exit code."""
        return subprocess.run(list(map(str, command)), env=self.environment, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              timeout=60, check=False).stdout
