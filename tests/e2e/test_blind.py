"""Nothing but the decoder breaks: the ledger has the service offline within two
minutes. Takes as long."""

import collections
import json
import subprocess
import threading
import time
import unittest

import nginx
from service import PATIENCE, wait_until
from shim import ShimmedService


def offline_minutes(lines):
    """Of those that are over: the ones in which half of the probes failed."""
    minutes = collections.defaultdict(list)
    for line in lines:
        if line["kind"] == "probe":
            minutes[line["time"][:16]].append(line["ok"])
    now = time.strftime("%Y-%m-%dT%H:%M", time.gmtime())
    return [minute for minute, probes in minutes.items()
            if minute < now and 2 * probes.count(False) >= len(probes)]


class Blind(unittest.TestCase):
    def test_it_is_offline_within_two_minutes(self):
        service = ShimmedService()
        service.write_settings(
            probe_url=f"http://127.0.0.1:{service.nginx.port}")
        self.addCleanup(service.stop)
        service.start()
        over = threading.Event()

        def blind():
            while not over.wait(0.1):
                if not service.order_file.exists():
                    service.order("blind 1")

        def lines():
            return [json.loads(line)
                    for path in sorted(service.ledger.glob("*.jsonl"))
                    for line in path.read_text().splitlines()]

        prober = subprocess.Popen(
            [nginx.THUMBCTL, "-c", service.settings_file, "probe", "--every",
             "10s"], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True)
        self.addCleanup(prober.kill)
        wait_until("a good probe", lambda: lines() and lines()[-1]["ok"])
        broken = time.monotonic()
        thread = threading.Thread(target=blind)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(over.set)
        while not (found := offline_minutes(lines())):
            self.assertLess(time.monotonic() - broken, 121)
            self.assertEqual(service.get("/health/ready").status, 200)
            time.sleep(1)
        print(f"      offline after {time.monotonic() - broken:.0f} s",
              flush=True)
        failed = [line for line in lines() if line.get("ok") is False]
        self.assertEqual({(line["step"], line["code"]) for line in failed},
                         {("compare", "wrong-picture")})
        self.assertEqual(len(found), 1)
        prober.terminate()
        words = prober.communicate(timeout=PATIENCE)[1]
        self.assertEqual(prober.returncode, 0)
        self.assertEqual(words.count("failed: compare: "), 1, words)
        self.assertEqual(service.stored(), [])
