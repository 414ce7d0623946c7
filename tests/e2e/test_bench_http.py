"""What ./dev bench http measures with: that its clients do what they count, its
proof finds what is wrong, and its tables say what was measured. No figure."""

import itertools
import os
import pathlib
import sys
import tempfile
import time
import unittest

from case import ServiceCase
from nginx import TOP
from service import PICTURES, Service

sys.path.append(str(TOP / "tests" / "bench"))

import http_accounts as accounts  # noqa: E402: found by the path above
import http_services as contestants  # noqa: E402
import http_load as load  # noqa: E402
import over_http  # noqa: E402
import http_proof as proof  # noqa: E402
import http_serving as serving  # noqa: E402

CLIENTS = 2
load.RETRY_SECONDS = 0.01


class Named:
    """What a table needs of a service or a way."""

    disk = 1.0

    def __init__(self, name):
        self.name = name


class Uploads(ServiceCase):
    """Ours alone: what npm fetches is not here."""

    @classmethod
    def setUpClass(cls):
        cls.ours = contestants.Ours()
        cls.addClassCleanup(cls.ours.stop)
        cls.ours.start()
        cls.service = cls.ours.service
        cls.photos = [load.Photo(PICTURES / name)
                      for name in ("orient-6.jpg", "gray.jpg", "photo-12mp.jpg")]
        cls.row = over_http.Row()
        over_http.run_step(cls.ours, cls.row, cls.photos,
                           itertools.count(), CLIENTS, 0.5)

    def faults(self):
        return list(proof.faults({(self.ours, CLIENTS): self.row}))

    def test_each_upload_is_another_photo_by_turns(self):
        self.assertEqual(self.row.errors, [])
        self.assertEqual(self.row.refused, 0)
        names = [upload.photo.name for upload in self.row.taken]
        for photo in self.photos:
            self.assertEqual(names.count(photo.name),
                             len(names) / len(self.photos))
        ids = {upload.document["photos"][0]["id"] for upload in self.row.taken}
        self.assertEqual(len(ids), len(names))
        self.assertEqual(sorted(ids), self.service.stored())

    def test_the_first_of_each_client_is_not_in_the_latencies(self):
        self.assertEqual(len(self.row.latencies),
                         len(self.row.taken) - CLIENTS)
        self.assertTrue(all(0 < one < 60 for one in self.row.latencies))

    def test_who_made_them(self):
        self.assertEqual(sum(self.ours.renders().values()),
                         len(self.row.taken))

    def test_the_proof_passes_what_is_right(self):
        self.assertEqual(self.faults(), [])

    def assert_fault(self, words):
        found = self.faults()
        self.assertTrue(any(words in one for one in found), found)

    def changed(self, path):
        """Other bytes there until the end of the test."""
        before = path.read_bytes()
        self.addCleanup(path.write_bytes, before)
        path.write_bytes((PICTURES / "orient-1.jpg").read_bytes())

    def place(self, side):
        photo = self.row.taken[0].document["photos"][0]["id"]
        return self.service.data / side / photo[:2] / photo

    def test_the_proof_finds_another_thumbnail(self):
        for path in self.place("public").glob("w640.*.jpg"):
            self.changed(path)
        self.assert_fault("'preset': 'w640'")

    def test_the_proof_finds_another_original(self):
        self.changed(self.place("photos") / "original.jpg")
        self.assert_fault("is not what was sent")

    def test_the_proof_finds_a_thumbnail_that_was_not_made(self):
        photo, = self.row.taken[0].document["photos"]
        last = photo["variants"].pop()
        self.addCleanup(photo["variants"].append, last)
        self.assert_fault("without all thumbnails")

    def test_the_proof_finds_what_was_not_taken(self):
        photo = load.Photo(PICTURES / "truncated.png")
        step = load.Step(self.ours.address, [photo], itertools.count(), 1, 0.1)
        row = over_http.Row()
        row.add(step, 0, 0)
        found = list(proof.faults({(self.ours, 1): row}))
        self.assertTrue(any("truncated.png: status 4" in one
                            for one in found), found)

    def test_what_it_took(self):
        self.assertGreater(self.row.cpu[0], 0)
        self.assertGreater(self.row.peaks[0], 10)
        over_http.weigh([self.ours])
        sent = sum(len(photo.data) for photo in self.photos)
        self.assertGreater(self.ours.disk * len(self.photos) * 1e3, sent)
        self.assertLess(self.ours.disk * len(self.photos) * 1e3, 3 * sent)

    def test_the_served_files(self):
        """Each way to ask for one but wrk's and Node's; and a wrong one."""
        plain = contestants.Front(self.service.directory / "plain",
                                  f'root "{self.ours.data}/public";')
        self.addCleanup(plain.stop)
        plain.start()
        documents = [upload.document for upload in self.row.taken]
        found = serving.ways(self.ours, self.ours, plain,
                             [documents, documents])
        self.assertEqual(len(found), 5)
        for way in found[:-1]:
            way.check()
        found[0].files[0] = found[0].files[1]
        with self.assertRaises(SystemExit):
            found[0].check()


class Arithmetic(unittest.TestCase):
    def test_the_table_of_uploads(self):
        ours, node = Named("ours"), Named("Node")
        rows = {}
        for service, rates in (ours, [2.0, 8.0, 6.0]), (node, [4.0, 4.0, 6.0]):
            row = rows[service, 8] = over_http.Row()
            row.rates, row.cpu, row.peaks = rates, rates, [5, 5, 9]
            row.latencies = [n / 1000 for n in range(100, 0, -1)]
        table = over_http.upload_table([ours, node], rows, [8])
        self.assertEqual(table.rows[0], [
            "ours", 8, 6.0, 50.0, 95.0, 99.0, 0, 6.0, 5, 1.0, 1.0, 37.5,
            1.0])
        self.assertEqual(table.rows[1][-3:], [1.0, 0.0, 1.0])

    def test_what_the_lane_promises(self):
        rivals = Named("ours"), Named("Node")
        rates = {2: ([8.0, 9.0, 3.0], [5.0, 5.0, 5.0]),
                 8: ([8.0, 9.0, 3.0], [5.0, 6.0, 5.0])}
        rows = {}
        for count, of_both in rates.items():
            for rival, those in zip(rivals, of_both):
                row = rows[rival, count] = over_http.Row()
                row.rates = those
        table = over_http.lane_table(rivals, rows)
        self.assertEqual([row[1:4] + row[5:] for row in table.rows], [
            [2, "at least 1.6", 1.6, "kept"],
            [8, "at least 1.6", 1.5, "not kept"]])

    def test_the_table_of_files(self):
        def result(requests, cpu):
            return {"requests": requests, "seconds": 2.0, "cpu": cpu,
                    "p50": 1.0, "p99": 2.0}

        plain, other = Named("plain"), Named("other")
        table = serving.table({(1, plain): [result(100, 0.1)],
                               (1, other): [result(50, 0.1)],
                               (8, plain): [result(200, 0.2)],
                               (8, other): [result(20, 0.2)]})
        self.assertEqual([row[6] for row in table.rows], [1.0, 0.5, 1.0, 0.1])
        self.assertEqual(table.rows[1], [
            "other", 1, 25.0, 1.0, 2.0, 2000.0, 0.5, 0.0, 2.0])

    def test_the_disk_of_a_directory(self):
        with tempfile.TemporaryDirectory() as name:
            directory = pathlib.Path(name)
            empty = accounts.disk_bytes(directory)
            (directory / "a").write_bytes(bytes(100_000))
            once = accounts.disk_bytes(directory)
            os.link(directory / "a", directory / "b")
            self.assertEqual(accounts.disk_bytes(directory), once)
            self.assertGreaterEqual(once - empty, 100_000)

    def test_the_processor_time_of_a_family(self):
        before = accounts.cpu_seconds([os.getpid()])
        end = time.process_time() + 0.1
        while time.process_time() < end:
            pass
        self.assertGreaterEqual(accounts.cpu_seconds([os.getpid()]) - before,
                                0.05)

    def test_a_refusal_for_want_of_time_is_no_error(self):
        """Nobody serves, so that every answer is nginx's 503."""
        service = Service()
        self.addCleanup(service.stop)
        service.nginx.start()
        step = load.Step(service.nginx.address,
                         [load.Photo(PICTURES / "gray.jpg")],
                         itertools.count(), 1, 0.01)
        self.assertEqual((step.refused(), step.errors(), step.taken()),
                         (1, [], []))
