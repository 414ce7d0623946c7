"""Thumbnails that are not there yet, and the address that leaves the format to
nginx: what it asks a worker, and what it does when none answers. The workers
are stand-ins here; test_first_render.py has the real ones."""

import socket
import threading
import time

from nginx_site import ID, OTHER_ID, RECIPE, Site

BEST = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
DAY = "public, max-age=86400"
EVER = "public, max-age=31536000, immutable"
SHORT = "public, max-age=10"
MADE = b"made at the first request"


class Thumbnails(Site):
    """A photo with its main format only, and no pool at first."""

    presets = """
        { name = "large"; width = 1024; height = 1024;
          formats = [ "jpeg", "webp", "avif" ]; },
        { name = "medium"; width = 640; height = 640; },
        { name = "square"; width = 320; height = 320;
          formats = [ "webp", "png" ]; },
        { name = "default"; width = 32; height = 32;
          formats = [ "png", "gif", "avif" ]; } """
    more = "workers = 3;"

    def setUp(self):
        self.public = self.directory / "data" / "public" / "ab" / ID
        self.keep("meta.json", "large.jpg", f"large.{RECIPE}.jpg")

    def keep(self, *names):
        """Exactly these files of the photo, each with its name as content."""
        for path in self.public.iterdir():
            path.unlink()
        for name in names:
            self.write(name, name.encode())

    def write(self, name, content=MADE):
        aside = self.public / f".{threading.get_ident()}"
        aside.write_bytes(content)
        aside.rename(self.public / name)

    def make(self, params, content=MADE):
        """What a worker does about a first render."""
        for middle in ("", f".{RECIPE}"):
            self.write("{THUMB_PRESET}{0}.{THUMB_EXT}".format(
                middle, **params), content)
        return b"X-Accel-Redirect: %s\r\n\r\n" % params["THUMB_URI"].encode()

    def get(self, name, accept=None, method="GET", **headers):
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        if accept is not None:
            headers["Accept"] = accept
        return self.ask(method, f"/t/{ID}/{name}", headers=headers)

    def check_file(self, answer, body, kind, age):
        self.assertEqual((answer.status, answer.body), (200, body))
        self.assertEqual(answer.headers["Content-Type"], kind)
        self.assertEqual(answer.headers.get_all("Cache-Control"), [age])
        self.assertEqual(answer.headers["Content-Security-Policy"],
                         "default-src 'none'; sandbox")
        self.assertNotIn("Retry-After", answer.headers)
        self.check_safe(answer)


class FirstRenders:
    def test_a_worker_makes_it_and_then_it_is_a_file(self):
        peer = self.peer("photo", self.make)
        first = self.get("large.webp")
        self.check_file(first, MADE, "image/webp", DAY)
        again = self.get("large.webp")
        self.assertEqual(peer.asked, 1)
        for name in ("ETag", "Last-Modified", "Accept-Ranges",
                     "Content-Length", "Content-Type", "Cache-Control"):
            self.assertEqual(first.headers[name], again.headers[name], name)
        self.assertNotIn("Vary", first.headers)

    def test_the_exact_recipe_is_for_ever_from_the_first_answer_on(self):
        self.peer("photo", self.make)
        self.check_file(self.get(f"large.webp?v={RECIPE}"), MADE,
                        "image/webp", EVER)
        # A recipe that the worker has no more is a copy for a day.
        self.check_file(self.get("large.avif?v=00000000"), MADE,
                        "image/avif", DAY)

    def test_every_format_has_its_type(self):
        self.peer("photo", self.make)
        for name, kind in (("large.webp", "image/webp"),
                           ("large.avif", "image/avif"),
                           ("medium.jpg", "image/jpeg"),
                           ("square.png", "image/png"),
                           ("default.gif", "image/gif")):
            self.check_file(self.get(name), MADE, kind, DAY)

    def test_head_ranges_and_conditions_hold_for_the_first_answer(self):
        self.peer("photo", self.make)
        head = self.get("large.webp", method="HEAD")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(head.headers["Content-Length"], str(len(MADE)))
        part = self.get("large.avif", Range="bytes=5-8")
        self.assertEqual((part.status, part.body), (206, MADE[5:9]))
        self.assertEqual(part.headers["Content-Type"], "image/avif")
        same = self.get("medium.jpg", If_None_Match="*")
        self.assertEqual((same.status, same.body), (304, b""))
        same = self.get("square.webp", If_None_Match='"other", W/"more"')
        self.assertEqual((same.status, same.body), (200, MADE))

    def test_the_worker_is_told_in_checked_parts(self):
        peer = self.peer("photo", self.make)
        for method, target, expected in (
                ("GET", "large.webp?v=1f0c9a2e&x=/etc/passwd",
                 ("webp", f"large.webp?v={RECIPE}")),
                ("HEAD", "large.avif?v=../../..",
                 ("avif", "large.avif?v=")),
                ("GET", "square?v=1F0C9A2E", ("webp", "square?v=")),
                ("GET", "medium?v=00000000", ("jpg", "medium?v=00000000"))):
            with self.subTest(target):
                answer = self.ask(method, f"/t/{ID}/{target}", b"body",
                                  {"Thumb-Uri": "/x", "X-Accel-Redirect": "/x",
                                   "Thumb-Owner": "eve"})
                self.assertEqual(answer.status, 200)
                params = peer.params
                preset = expected[1].split("?")[0].split(".")[0]
                self.assertEqual(
                    {k: v for k, v in params.items() if "THUMB_" in k
                     and not k.startswith("HTTP_")},
                    {"THUMB_ID": ID, "THUMB_PRESET": preset,
                     "THUMB_EXT": expected[0], "THUMB_OWNER": "",
                     "THUMB_LANGUAGE": "en",
                     "THUMB_URI": f"{self.prefix}/t/{ID}/{expected[1]}"})
                self.assertEqual(params["REQUEST_METHOD"], method)
                self.assertEqual(params["REQUEST_URI"],
                                 f"{self.prefix}/t/{ID}/{target}")
                self.assertRegex(params["QUEUE_MSEC"], r"^\d+\.\d{3}$")
                self.assertEqual(params["REQUEST_ID"],
                                 answer.headers["X-Request-Id"])
                # No body of the client's reaches it.
                self.assertEqual((params["CONTENT_LENGTH"], peer.body),
                                 ("", b""))

    def test_what_cannot_be_made_costs_no_worker(self):
        peer = self.peer("photo", self.make)
        for target in (f"/t/{OTHER_ID}/large.webp", f"/t/{OTHER_ID}/large",
                       f"/t/{ID}/large.gif", f"/t/{ID}/none.jpg",
                       f"/t/{ID}/none", f"/t/{ID}/medium.webp",
                       f"/t/{OTHER_ID}/meta.json", f"/t/{ID}/large.heic",
                       f"/t/{ID}/large.tif", f"/t/{ID}/large.bmp",
                       "/render", "/first.busy"):
            with self.subTest(target):
                self.check_problem(self.ask("GET", target), 404, "not-found")
        self.keep()
        self.check_problem(self.get("large.webp"), 404, "not-found")
        self.assertEqual(peer.asked, 0)

    def test_what_is_gone_again_is_asked_for_once(self):
        # As when the photo is deleted in that moment.
        peer = self.peer("photo", lambda params: b"X-Accel-Redirect: %s\r\n"
                         b"\r\n" % params["THUMB_URI"].encode())
        for name in "large.webp", "large":
            self.check_problem(self.get(name, BEST), 404, "not-found")
        self.assertEqual(peer.asked, 2)

    def test_a_long_body_is_refused_with_this_address_s_limit(self):
        peer = self.peer("photo", self.make)
        answer = self.ask("GET", f"/t/{ID}/large.webp", bytes(1025))
        problem = self.check_problem(answer, 413, "body-too-large")
        self.assertEqual((problem["limit"], problem["actual"]), (1024, 1025))
        self.assertEqual(peer.asked, 0)

    def test_the_worker_s_refusals_pass(self):
        for status, code in ((404, "not-found"), (422, "corrupt-image"),
                             (500, "internal")):
            with self.subTest(status):
                peer = self.peer("photo", (
                    "Status: %d x\r\nContent-Type: application/problem+json"
                    '\r\n\r\n{"type":"about:blank","title":"t","status":%d,'
                    '"code":"%s","error":"t"}' % (status, status, code)
                    ).encode())
                for name in "large.webp", "large":
                    self.check_problem(self.get(name, BEST), status, code)
                self.assertGreater(peer.asked, 0)
                self.doCleanups()


class WithoutAPool:
    """Readable when dead."""

    def failures(self):
        """Each way to get no answer, what is said where there is nothing else
        to give, and how many of the targets to try: one takes long."""
        yield "nobody listens", 503, "overloaded", 9
        for name, answer, status, code in (
                ("the queue is full", "full", 503, "overloaded"),
                ("it dies", None, 502, "worker-lost"),
                ("it refuses", b"Status: 503 x\r\nRetry-After: 9\r\n"
                 b"Content-Type: application/problem+json\r\n\r\n{}", 503,
                 "overloaded"),
                ("it has no room", b"Status: 507 x\r\nRetry-After: 9\r\n"
                 b"Content-Type: application/problem+json\r\n\r\n{}", 507,
                 "storage-full"),
                ("it is too slow", "silent", 504, "too-slow")):
            self.peer("photo", answer)
            yield name, status, code, 1 if answer == "silent" else 9
            self.doCleanups()

    def test_the_main_format_stands_in_for_a_short_time(self):
        targets = "large", "large.webp", "large.avif?v=00000000"
        for name, _, _, tries in self.failures():
            for target in targets[:tries]:
                with self.subTest(f"{name}: {target}"):
                    answer = self.get(target, BEST)
                    self.check_file(answer, b"large.jpg", "image/jpeg", SHORT)
                    self.assertEqual(answer.headers["Vary"],
                                     None if "." in target else "Accept")
                    self.assertIn("ETag", answer.headers)

    def test_it_stands_in_like_any_file(self):
        head = self.get("large.webp", method="HEAD")
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(head.headers["Content-Type"], "image/jpeg")
        same = self.get("large.webp", If_None_Match=head.headers["ETag"])
        self.assertEqual(same.status, 304)
        self.assertEqual(same.headers["Cache-Control"], SHORT)
        part = self.get("large.webp", Range="bytes=0-4")
        self.assertEqual((part.status, part.body), (206, b"large"))

    def test_without_that_either_it_is_a_refusal(self):
        self.keep("meta.json")
        targets = "large.webp", "large", "medium.jpg"
        for name, status, code, tries in self.failures():
            for target in targets[:tries]:
                with self.subTest(f"{name}: {target}"):
                    answer = self.get(target, BEST)
                    self.check_problem(answer, status, code)
                    self.assertEqual(answer.headers["Retry-After"],
                                     "2" if status == 503 else None)

    def test_what_is_a_file_needs_no_pool(self):
        self.check_file(self.get("large.jpg"), b"large.jpg", "image/jpeg",
                        DAY)
        self.check_file(self.get("large", "*/*"), b"large.jpg", "image/jpeg",
                        DAY)

    def test_what_has_no_address_needs_none_to_say_so(self):
        for target in (f"/t/{OTHER_ID}/large.webp", f"/t/{OTHER_ID}/large",
                       f"/t/{ID}/none.jpg", f"/t/{ID}/none",
                       f"/t/{ID}/large.gif"):
            self.check_problem(self.ask("GET", target), 404, "not-found")


class Capped:
    def test_only_so_many_are_under_way_at_once(self):
        """As many as workers; the next one does not wait."""
        self.keep("meta.json", "large.jpg")
        going, done = threading.Event(), []

        def hold(params):
            going.wait(60)
            return self.make(params)

        peers = [self.peer("photo", hold)]
        for _ in range(2):  # a stand-in serves one connection at a time
            thread = threading.Thread(target=peers[0].serve, daemon=True)
            thread.start()
        clients = [threading.Thread(target=lambda: done.append(
            self.get("large.webp"))) for _ in range(3)]
        for client in clients:
            client.start()
        end = time.monotonic() + 60
        while peers[0].asked < 3:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)
        self.check_file(self.get("large.avif"), b"large.jpg", "image/jpeg",
                        SHORT)
        self.check_problem(self.get("medium.jpg"), 503, "overloaded")
        self.assertEqual(peers[0].asked, 3)
        going.set()
        for client in clients:
            client.join()
        self.assertEqual([answer.body for answer in done], 3 * [MADE])
        self.check_file(self.get("large.avif"), MADE, "image/avif", DAY)


    def test_who_reads_slowly_is_not_under_way(self):
        self.peer("photo", lambda params: self.make(params, bytes(9 << 20)))
        for name in "large.webp", "large.avif", "medium.jpg", "square.png":
            s = socket.create_connection(self.nginx.address, 60)
            self.addCleanup(s.close)
            s.sendall(f"GET /t/{ID}/{name} HTTP/1.0\r\n\r\n".encode())
            self.assertIn(b" 200 ", s.recv(20))
        # All four are still waiting for someone to read.
        self.assertEqual(len(self.get("square.webp").body), 9 << 20)


class Negotiated:
    everything = ("meta.json", "large.jpg", "large.webp", "large.avif",
                  "square.webp", "square.png", "medium.jpg", "default.png",
                  "default.gif", "default.avif", f"large.{RECIPE}.webp")
    cases = (
        # Accept, of [jpeg, webp, avif]
        (None, "jpg"),
        ("", "jpg"),
        ("*/*", "jpg"),
        ("image/*", "jpg"),
        ("text/html", "jpg"),
        (BEST, "avif"),
        ("image/webp", "webp"),
        ("image/avif", "avif"),
        ("IMAGE/WebP", "webp"),
        ("image/webp,image/avif", "avif"),
        ("image/webp, image/avif;q=0.1", "avif"),
        ("image/webp;q=1.0, image/avif;q=0.001", "avif"),
        ("image/avif;q=0, image/webp", "webp"),
        ("image/avif;q=0.0,image/webp", "webp"),
        ("image/avif ; q=0.000 , image/webp", "webp"),
        ("image/avif\t;\tq=0.00\t,image/webp", "webp"),
        ("image/avif;Q=0,image/webp;Q=0", "jpg"),
        ("image/avif;level=1;q=0,image/webp", "webp"),
        ("image/avif;level=1;q=0;ext=2,image/webp", "webp"),
        ("image/avif;level=1;q=0.2", "avif"),
        ("image/avif;qq=0", "avif"),
        ("image/avif;q=0.01", "avif"),
        ("image/webp;q=0, */*", "jpg"),
        ("image/webp;q=0", "jpg"),
        ("image/jpeg;q=0, image/webp;q=0", "jpg"),
        ("image/png", "jpg"),
        ("ximage/webp", "jpg"),
        ("image/webpx", "jpg"),
        ("image/avif-sequence, image/webp", "webp"),
        ("text/html;x=image/webp", "jpg"),
        (",,image/webp,,", "webp"),
        ("image/webp;" * 700 + "q=0", "jpg"),
        ("image/webp" + ";a=0" * 1500 + ", image/avif" + ";q=1" * 10, "avif"),
    )

    def test_the_best_that_is_named_and_not_excluded(self):
        self.keep(*self.everything)
        for accept, ext in self.cases:
            with self.subTest(str(accept)[:99]):
                answer = self.get("large", accept)
                self.assertEqual(answer.status, 200)
                self.assertEqual(answer.body.decode(), f"large.{ext}")
                self.assertEqual(answer.headers.get_all("Vary"), ["Accept"])
                self.assertEqual(answer.headers["Cache-Control"], DAY)
                self.check_safe(answer)

    def test_each_preset_has_its_own_choice(self):
        self.keep(*self.everything)
        for name, best, webp, none in (
                ("medium", "jpg", "jpg", "jpg"),
                ("square", "webp", "webp", "webp"),
                ("default", "avif", "png", "png")):
            for accept, ext in ((BEST, best), ("image/webp", webp),
                                ("*/*", none), ("image/gif", none)):
                answer = self.get(name, accept)
                self.assertEqual(answer.body.decode(), f"{name}.{ext}")

    def test_the_exact_recipe_holds_for_it_too(self):
        self.keep(*self.everything)
        query = f"large?v={RECIPE}"
        self.check_file(self.get(query, "image/webp"),
                        f"large.{RECIPE}.webp".encode(), "image/webp", EVER)
        self.check_file(self.get(query, "image/avif"), b"large.avif",
                        "image/avif", DAY)
        self.check_file(self.get("large?v=00000000", "image/webp"),
                        b"large.webp", "image/webp", DAY)

    def test_vary_stands_on_every_answer_of_it(self):
        self.keep(*self.everything)
        tag = self.get("large", BEST).headers["ETag"]
        for name, answer, status in (
                ("same", self.get("large", BEST, If_None_Match=tag), 304),
                ("head", self.get("large", BEST, "HEAD"), 200),
                ("part", self.get("large", BEST, Range="bytes=0-1"), 206),
                ("method", self.get("large", BEST, "POST"), 405),
                ("unknown photo", self.ask("GET", f"/t/{OTHER_ID}/large"),
                 404)):
            with self.subTest(name):
                self.assertEqual(answer.status, status)
                self.assertEqual(answer.headers.get_all("Vary"), ["Accept"])

    def test_what_is_missing_is_made_at_the_first_request(self):
        self.keep("meta.json", "large.jpg")
        peer = self.peer("photo", self.make)
        for accept, kind in (("image/webp", "image/webp"),
                             (BEST, "image/avif"), ("*/*", "image/jpeg")):
            answer = self.get("large", accept)
            self.assertEqual(answer.headers["Content-Type"], kind)
            self.assertEqual(answer.headers.get_all("Vary"), ["Accept"])
            self.assertEqual(answer.headers["Cache-Control"], DAY)
        self.assertEqual(peer.asked, 2)
        self.check_file(self.get(f"square?v={RECIPE}", "*/*"), MADE,
                        "image/webp", EVER)


class AtTheTop(FirstRenders, WithoutAPool, Capped, Negotiated, Thumbnails):
    pass


class BelowAPrefix(FirstRenders, Negotiated, Thumbnails):
    prefix = "/v1.0/~me"


class InTwoServers(Thumbnails):
    """A site that takes the service into a second server block."""

    prefix = "/media"
    sites = """
    server {{
        listen unix:{directory}/second.sock;
        include fcgi-thumb-server.conf;
    }}
    """

    def test_it_is_clean(self):
        status, words = self.nginx.check()
        self.assertEqual(status, 0, words)
        self.assertNotIn("[", words)
        self.peer("photo", self.make)
        self.assertEqual(self.get("large.webp").body, MADE)
