"""Measures nnexp and its peers: see README.md in this folder.

    make bench                                   # everything
    make bench BENCH="--quick"                   # short workloads, in minutes
    make bench BENCH="--only W1,W2 --peers limit,NumPy --runs 5"
"""
import argparse
import statistics
import sys
import time

from suite import chart, inputs, machine, peers, report
from suite.measuring import Failed, Missing
from suite.workloads import workloads


PAUSE = 0.1  # seconds in which the threads of the previous peer stop spinning
FAR = 20  # A peer that takes so many times nnexp's time takes part in one round.
ALONE = 3  # rounds of a workload without peers


def parse(every):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="short workloads, three runs")
    parser.add_argument("--only", metavar="W1,W2", help="workloads: " + ", ".join(every))
    parser.add_argument(
        "--peers", metavar="NumPy,limit",
        help="beside nnexp; a name selects all peers that begin with it: " + ", ".join(peers.names()))
    parser.add_argument("--threads", metavar="1,2", help="numbers of threads")
    parser.add_argument("--runs", type=int, help="rounds; 7, or 3 with --quick")
    parser.add_argument("--output", metavar="DIR", help="where to write results.csv and chart.svg")
    chosen = parser.parse_args()
    chosen.runs = chosen.runs or (3 if chosen.quick else 7)
    if chosen.runs < 1:
        parser.error("--runs must be at least 1")
    chosen.only = chosen.only.split(",") if chosen.only else list(every)
    unknown = [name for name in chosen.only if name not in every]
    if unknown:
        parser.error(f"unknown workload '{unknown[0]}'; known: {', '.join(every)}")
    begins = chosen.peers.split(",") if chosen.peers else [""]
    for begin in begins:
        if not any(name.startswith(begin) for name in peers.names()):
            parser.error(f"unknown peer '{begin}'; known: {', '.join(peers.names())}")
    chosen.peers = [
        name for name in peers.names()
        if name == "nnexp" or any(name.startswith(begin) for begin in begins)]
    chosen.threads = [int(n) for n in chosen.threads.split(",")] if chosen.threads else None
    return chosen


def take_part(workload, threads, chosen, folder):
    """Starts all peers that can be measured. Returns them, and the reasons for the others."""
    ready, absent = {}, {}
    for name in chosen.peers:
        if not peers.takes_part(name, workload):
            continue
        try:
            ready[name] = peers.start(name, workload, folder, threads)
        except (Missing, Failed, OSError) as reason:
            absent[name] = f"{'missing' if isinstance(reason, Missing) else 'failed'}: {reason}"
    return ready, absent


def far_behind(name, found):
    """True if further rounds would take minutes and change nothing."""
    if not found.get("nnexp") or not found[name]:
        return False
    ours = statistics.median(measurement.seconds for measurement in found["nnexp"])
    return min(measurement.seconds for measurement in found[name]) > FAR * ours


def measure(workload, threads, chosen, folder):
    """Measures the peers in turn, round after round: A B C A B C …"""
    ready, absent = take_part(workload, threads, chosen, folder)
    found = {name: [] for name in ready}
    for _ in range(chosen.runs if len(ready) > 1 else min(ALONE, chosen.runs)):
        for name in list(ready):
            if far_behind(name, found):
                continue
            try:
                found[name].append(ready[name].measure())
                time.sleep(PAUSE)
            except Failed as reason:
                absent[name] = f"failed: {reason}"
                ready.pop(name).close()
                found.pop(name)
    versions = {name: peer.version for name, peer in ready.items()}
    for peer in ready.values():
        peer.close()
    return report.Comparison(workload, threads, found, absent, versions)


def main():
    every = workloads()
    chosen = parse(every)
    every = workloads(chosen.quick)
    about = machine.describe()
    for key, value in about.items():
        print(f"{key}: {value}")
    results = []
    for name in chosen.only:
        workload = every[name]
        folder = inputs.prepare(workload, peers.HERE / ".work" / "inputs")
        for threads in chosen.threads or workload.threads:
            comparison = measure(workload, threads, chosen, folder)
            print("\n" + comparison.text(), flush=True)
            results.append(comparison)
    whole = not chosen.quick and chosen.only == list(every) and len(chosen.peers) == len(peers.names())
    output = report.folder(chosen.output, peers.HERE, whole)
    report.write_csv(output / "results.csv", about, results)
    chart.write(output / "chart.svg", about, results)
    if whole:
        report.fill_table(peers.HERE / "README.md", about, results)
    print(f"\n{output}/results.csv, chart.svg")
    return 1 if any(comparison.disagreements.keys() - peers.DIFFERENT for comparison in results) else 0


if __name__ == "__main__":
    sys.exit(main())
