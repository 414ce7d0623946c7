"""Who asks: visitors behind trusted proxies, and whom the site itself is asked
about. Real requests to nginx; the proxies are this machine's addresses."""

import json
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from nginx import request
from nginx_site import ID, LIMIT, RATE, Site

CLAIMS = f"/photos/{ID}/claims"
VISITOR, OTHER = "203.0.113.9", "2001:db8::9"


class Counted(Site):
    def post(self, forwarded=None, target="/upload", headers=()):
        headers = dict(headers)
        if forwarded:
            headers["X-Forwarded-For"] = forwarded
        return self.ask("POST", target, b"x", headers)

    def exhaust(self, *forwarded):
        """Until one of them is too fast; how many were not."""
        for taken in range(1000):
            answer = self.post(*forwarded)
            if answer.status == 429:
                return taken
            self.assertEqual(answer.status, 503)
        self.fail("never too fast")


class BehindATrustedProxy(Counted):
    server = ""
    more = 'trusted_proxies = [ "127.0.0.0/8", "10.1.0.0/16", "::1" ];'

    def test_the_configuration_has_no_warning(self):
        status, words = self.nginx.check()
        self.assertEqual(status, 0, words)
        self.assertNotIn("[", words)

    def test_two_visitors_have_a_rate_each(self):
        self.assertGreater(self.exhaust("203.0.113.1"), 10 * RATE)
        self.assertEqual(self.post("203.0.113.2").status, 503)
        self.assertEqual(self.post("2001:db8::2").status, 503)
        # Each hop that is not trusted is the visitor, the nearest one first;
        # what stands further left anybody can write.
        refused = self.post("198.51.100.1, 203.0.113.1, 10.1.2.3, 127.0.0.5")
        self.check_problem(refused, 429, "rate-limited")

    def test_what_a_visitor_writes_himself_does_not_count(self):
        for i in range(1000):
            answer = self.post(f"198.51.100.{i % 250}, 203.0.113.3")
            if answer.status == 429:
                break
        self.assertEqual(answer.status, 429)

    def test_two_visitors_have_their_connections(self):
        def begin(visitor):
            s = socket.create_connection(self.nginx.address, 60)
            self.addCleanup(s.close)
            s.sendall(f"POST /upload HTTP/1.1\r\nHost: x\r\n"
                      f"X-Forwarded-For: {visitor}\r\nContent-Length: 9\r\n"
                      "Expect: 100-continue\r\n\r\n".encode())
            return s.recv(12)

        lines = [begin("203.0.113.4") for _ in range(200)]
        self.assertIn(b"HTTP/1.1 429", lines)
        self.assertEqual(begin("203.0.113.5"), b"HTTP/1.1 100")

    def test_the_worker_and_the_log_have_the_visitor_s_address(self):
        peer = self.peer("photo", b"Status: 201\r\n\r\n{}")
        answer = self.post(VISITOR)
        self.assertEqual(peer.params["REMOTE_ADDR"], VISITOR)
        self.assertEqual(self.log_of(answer)["remote"], VISITOR)
        self.assertEqual(self.post(OTHER).status, 201)
        self.assertEqual(peer.params["REMOTE_ADDR"], OTHER)

    def test_the_log_has_it_of_refusals_too(self):
        headers = {"X-Forwarded-For": VISITOR}
        for method, target, status in (
                ("GET", "/nothing", 404), ("POST", "/", 405),
                ("PATCH", "/upload", 405), ("GET", CLAIMS, 405),
                ("GET", f"/t/{ID}/none", 404), ("GET", "/health/ready", 404),
                ("GET", f"/t/{ID}/large.jpg", 200), ("GET", "/", 200)):
            answer = self.ask(method, target, headers=headers)
            self.assertEqual(answer.status, status)
            self.assertEqual(self.log_of(answer)["remote"], VISITOR, target)

    def test_a_visitor_is_not_of_this_machine(self):
        self.peer("control", b"Content-Type: application/json\r\n\r\n{}")
        for forwarded, status in (
                (None, 200), (VISITOR, 404), (OTHER, 404),
                (f"127.0.0.1, {VISITOR}", 404), (f"::1, {OTHER}", 404),
                (f"unix:, {VISITOR}", 404), (f"{VISITOR}, 127.0.0.1", 404)):
            headers = {"X-Forwarded-For": forwarded} if forwarded else {}
            for target in "/health/ready", "/metrics":
                answer = self.ask("GET", target, headers=headers)
                self.assertEqual(answer.status, status, forwarded)
        # Neither is he exempt from the rate.
        self.exhaust("127.0.0.1, 203.0.113.6")


class BesideTheSitesOwnAddresses(Counted):
    prefix = "/media"
    more = BehindATrustedProxy.more
    server = "location = /who { return 200 $remote_addr; }"

    def test_there_the_proxy_s_address_stays(self):
        answer = request(self.nginx.address, "GET", "/who",
                         headers={"X-Forwarded-For": VISITOR})
        self.assertEqual(answer.body, b"127.0.0.1")


class BehindAnotherProxy(Counted):
    """This machine is not among the trusted ones."""

    server = ""
    more = 'trusted_proxies = [ "10.1.0.0/16" ];'

    def test_what_others_say_of_the_address_is_nothing(self):
        peer = self.peer("photo", b"Status: 201\r\n\r\n{}")
        answer = self.post(VISITOR)
        self.assertEqual(peer.params["REMOTE_ADDR"], "127.0.0.1")
        self.assertEqual(self.log_of(answer)["remote"], "127.0.0.1")
        self.assertEqual(
            {self.post(VISITOR).status for _ in range(12 * RATE)}, {201})


class Untrusted(BehindAnotherProxy):
    """Nor is anybody."""

    more = ""


class BehindTheSitesOwn(Counted):
    """The site says by itself who is trusted, for all its addresses."""

    server = ("set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;")
    more = 'trusted_proxies = [ "10.1.0.0/16" ];'

    def test_that_stays(self):
        peer = self.peer("photo", b"Status: 201\r\n\r\n{}")
        self.post(VISITOR)
        self.assertEqual(peer.params["REMOTE_ADDR"], VISITOR)


# ---- claims ------------------------------------------------------------------

class Claims(Counted):
    def test_they_go_to_the_control_worker(self):
        peer = self.peer("control", b"Status: 201\r\n\r\n{}")
        body = b'{"sha256":"' + b"0" * 64 + b'"}'
        answer = self.ask("POST", CLAIMS, body, {
            "Authorization": "Bearer abc", "Idempotency-Key": "k" * 22})
        self.assertEqual(answer.status, 201)
        self.assertEqual(peer.body, body)
        self.assertEqual(peer.params["DOCUMENT_URI"], self.prefix + CLAIMS)
        self.assertEqual(peer.params["REQUEST_METHOD"], "POST")
        self.assertEqual(peer.params["CONTENT_LENGTH"], str(len(body)))
        self.assertEqual(peer.params["HTTP_AUTHORIZATION"], "Bearer abc")
        self.assertEqual(peer.params["HTTP_IDEMPOTENCY_KEY"], "k" * 22)
        self.assertFalse([name for name in peer.params if name in (
            "THUMB_ID", "THUMB_URI", "THUMB_PRESET", "THUMB_EXT")])
        answer = self.ask("DELETE", f"/photos/{ID}",
                          headers={"Authorization": "Bearer secret-token"})
        self.assertEqual(answer.status, 201)
        self.assertEqual(peer.params["REQUEST_METHOD"], "DELETE")
        self.assertEqual(peer.params["DOCUMENT_URI"],
                         f"{self.prefix}/photos/{ID}")
        self.assertEqual(peer.params["HTTP_AUTHORIZATION"],
                         "Bearer secret-token")
        self.log_of(answer)
        for line in self.log_lines():
            self.assertNotIn("secret-token", json.dumps(line))

    def test_an_upload_is_taken_back_there(self):
        peer = self.peer("control", b"Status: 204\r\n\r\n")
        body = b"x" * (LIMIT // 2)
        answer = self.ask("DELETE", "/upload", body)
        self.assertEqual(answer.status, 204)
        self.assertEqual(peer.body, body)
        self.assertEqual(peer.params["DOCUMENT_URI"], self.prefix + "/upload")
        self.assertEqual(peer.params["REQUEST_METHOD"], "DELETE")

    def test_an_upload_s_token_and_key_reach_the_worker(self):
        peer = self.peer("photo", b"Status: 201\r\n\r\n{}")
        self.post(headers={"Authorization": "Bearer abc",
                           "Idempotency-Key": "k" * 22})
        self.assertEqual(peer.params["HTTP_AUTHORIZATION"], "Bearer abc")
        self.assertEqual(peer.params["HTTP_IDEMPOTENCY_KEY"], "k" * 22)

    def test_a_body_is_short(self):
        peer = self.peer("control", b"Status: 201\r\n\r\n{}")
        self.assertEqual(
            self.ask("POST", CLAIMS, bytes(1024)).status, 201)
        for body in bytes(1025), [bytes(1025)]:
            for method, target in (("POST", CLAIMS),
                                   ("DELETE", f"/photos/{ID}")):
                problem = self.check_problem(
                    self.ask(method, target, body,
                             {"Accept": "text/html"}), 413, "body-too-large")
                self.assertEqual(problem["limit"], 1024)
                self.assertIn("1 kB", problem["detail"])
        self.assertEqual(peer.asked, 1)

    def test_they_count_as_uploads_do(self):
        stranger = {"X-Test-Address": "203.0.113.99"}
        asks = (lambda: self.ask("DELETE", f"/photos/{ID}", None, stranger),
                lambda: self.ask("POST", CLAIMS, b"{}", stranger))
        for i in range(1000):
            answer = asks[i % 2]()
            if answer.status == 429:
                break
            self.assertEqual(answer.status, 503)
        self.check_problem(answer, 429, "rate-limited")
        self.assertGreaterEqual(i, 10 * RATE)
        self.assertEqual(self.ask("POST", "/upload", b"x", stranger).status,
                         429)

    def test_without_an_answer_they_are_refused_as_uploads_are(self):
        for method, target in (("POST", CLAIMS), ("DELETE", f"/photos/{ID}")):
            answer = self.ask(method, target, b"{}")
            self.check_problem(answer, 503, "overloaded")
            self.assertEqual(answer.headers["Retry-After"], "2")
            self.peer("control", None)
            answer = self.ask(method, target, b"{}")
            self.check_problem(answer, 502, "worker-lost")
            self.doCleanups()


class ClaimsBelowAPrefix(Claims):
    prefix = "/media"


# ---- the site is asked -------------------------------------------------------

class Authority(BaseHTTPRequestHandler):
    """A site's own server. X-Test-Verdict says what it answers."""

    def do_GET(self):
        self.server.asked.append(dict(self.headers))
        self.send_response(int(self.headers.get("X-Test-Verdict", "204")))
        if "X-Test-Owner" in self.headers:
            self.send_header("X-Owner", self.headers["X-Test-Owner"])
        self.end_headers()

    def log_message(self, *_):
        pass


class Asked(Counted):
    more = 'upload_auth = "request"; auth_request = "/auth";'

    @classmethod
    def setUpClass(cls):
        cls.authority = ThreadingHTTPServer(("127.0.0.1", 0), Authority)
        cls.authority.asked = []
        threading.Thread(target=cls.authority.serve_forever,
                         daemon=True).start()
        cls.addClassCleanup(cls.authority.server_close)
        cls.addClassCleanup(cls.authority.shutdown)
        # As in README.md.
        cls.server = Site.server + f"""
            location = /auth {{
                internal;
                proxy_pass http://127.0.0.1:{cls.authority.server_port};
                proxy_pass_request_body off;
                proxy_set_header Content-Length "";
            }}"""
        super().setUpClass()

    def setUp(self):
        self.authority.asked.clear()
        self.pool = self.peer("photo", b"Status: 201\r\n\r\n{}")
        self.control = self.peer("control", b"Status: 201\r\n\r\n{}")

    def ask_for(self, target, verdict=204, **headers):
        headers = {k.replace("_", "-"): v for k, v in headers.items()}
        return self.post(None, target, {
            "X-Test-Verdict": str(verdict), **headers})

    def test_a_yes_lets_it_pass_with_its_owner(self):
        for target, peer in (("/upload", self.pool), (CLAIMS, self.control)):
            answer = self.ask_for(target, X_Test_Owner="alice", Cookie="s=1")
            self.assertEqual(answer.status, 201)
            self.assertEqual(peer.params["THUMB_OWNER"], "alice")
            self.assertEqual(peer.body, b"x")
            self.assertEqual(self.authority.asked[-1]["Cookie"], "s=1")
            # The next one, without.
            self.assertEqual(self.ask_for(target, 200).status, 201)
            self.assertEqual(peer.params["THUMB_OWNER"], "")

    def test_the_site_hears_from_which_page_it_comes(self):
        """A form of another site's page is sent with the cookies that the
        browser has: only the site can tell, by these."""
        foreign = {"Origin": "https://evil.example", "Cookie": "s=1",
                   "Referer": "https://evil.example/page",
                   "Sec_Fetch_Site": "cross-site"}
        for target in "/upload", CLAIMS:
            self.ask_for(target, **foreign)
            for name, value in foreign.items():
                self.assertEqual(
                    self.authority.asked[-1][name.replace("_", "-")], value)

    def test_a_client_cannot_name_the_owner(self):
        for name in "X_Owner", "Thumb_Owner", "THUMB_OWNER":
            for target, peer in (("/upload", self.pool),
                                 (CLAIMS, self.control)):
                self.assertEqual(
                    self.ask_for(target, **{name: "eve"}).status, 201)
                self.assertEqual(peer.params["THUMB_OWNER"], "")

    def test_a_no_is_a_refusal(self):
        for verdict in 401, 403:
            for target in "/upload", CLAIMS:
                answer = self.ask_for(target, verdict, X_Test_Owner="alice")
                self.check_problem(answer, 403, "token-invalid")
            answer = self.ask("DELETE", "/upload", b"{}",
                              {"X-Test-Verdict": str(verdict)})
            self.check_problem(answer, 403, "token-invalid")
        self.assertEqual((self.pool.asked, self.control.asked), (0, 0))
        page = self.ask_for("/upload", 403, Accept="text/html")
        self.assertEqual(page.status, 403)
        self.assertIn(b'class="refusal"', page.body)

    def test_anything_else_is_the_site_s_fault(self):
        for verdict, status, code in ((404, 500, "internal"),
                                      (302, 500, "internal"),
                                      (500, 503, "overloaded"),
                                      (503, 503, "overloaded")):
            for target in "/upload", CLAIMS:
                with self.subTest(f"{verdict} {target}"):
                    answer = self.ask_for(target, verdict)
                    self.check_problem(answer, status, code)
        self.assertEqual((self.pool.asked, self.control.asked), (0, 0))

    def test_a_full_disk_is_still_storage_full(self):
        body = self.nginx.directory / "body"
        kept = self.nginx.directory / "kept"
        body.rename(kept)
        body.write_text("")
        try:
            answer = self.ask("POST", "/upload", bytes(LIMIT))
            self.check_problem(answer, 507, "storage-full")
        finally:
            body.unlink()
            kept.rename(body)

    def test_nobody_else_is_asked_about(self):
        for method, target, status in (
                ("DELETE", f"/photos/{ID}", 201), ("OPTIONS", "/upload", 405),
                ("GET", f"/t/{ID}/large.jpg", 200), ("GET", "/", 200),
                ("GET", "/health/ready", 201), ("GET", "/metrics", 201)):
            answer = self.ask(method, target,
                              headers={"X-Test-Verdict": "403"})
            self.assertEqual(answer.status, status)
        self.assertEqual(self.authority.asked, [])

    def test_who_is_too_fast_is_not_asked_about(self):
        headers = {"X-Test-Address": "203.0.113.50"}
        for _ in range(1000):
            if self.post(headers=headers).status == 429:
                break
        asked = len(self.authority.asked)
        self.assertEqual(self.post(headers=headers).status, 429)
        self.assertEqual(len(self.authority.asked), asked)


class AskedBelowAPrefix(Asked):
    prefix = "/media"


class AskedInVain(Counted):
    """Nobody answers there."""

    more = 'upload_auth = "request"; auth_request = "/auth";'
    server = """location = /auth { proxy_pass http://127.0.0.1:9; }"""

    def test_nothing_passes(self):
        pool = self.peer("photo", b"Status: 201\r\n\r\n{}")
        answer = self.post()
        self.check_problem(answer, 503, "overloaded")
        self.assertEqual(answer.headers["Retry-After"], "2")
        self.assertEqual(pool.asked, 0)


class AskedNowhere(Counted):
    """Its address is one that the service refuses itself."""

    more = 'upload_auth = "request"; auth_request = "/auth";'

    def test_nothing_passes(self):
        pool = self.peer("photo", b"Status: 201\r\n\r\n{}")
        self.check_problem(self.post(), 500, "internal")
        self.assertEqual(pool.asked, 0)


class NotAsked(Counted):
    """Another way to tell who may: then no owner comes from nginx."""

    def test_the_owner_is_empty(self):
        pool = self.peer("photo", b"Status: 201\r\n\r\n{}")
        answer = self.post(headers={"X-Owner": "eve", "Thumb-Owner": "eve",
                                    "THUMB_OWNER": "eve"})
        self.assertEqual(answer.status, 201)
        self.assertEqual(pool.params["THUMB_OWNER"], "")
