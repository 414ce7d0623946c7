"""Pages of other sites: what nginx lets them do and read. A browser believes
headers; these tests read them."""

import json

from nginx_site import ID, LIMIT, OTHER_ID, RATE, Site

SHOP = "https://shop.example"
BLOG = "http://[::1]:8081"
EXPOSED = "X-Request-Id, Retry-After, Server-Timing"
ALLOWED = {
    "Access-Control-Allow-Headers":
        "Authorization, Cache-Control, Content-Type, Idempotency-Key, X-Requested-With",
    "Access-Control-Max-Age": "600"}
TARGETS = (
    ("/upload", "POST, PUT, DELETE"), (f"/photos/{ID}", "DELETE"),
    (f"/photos/{ID}/claims", "POST"), (f"/t/{ID}/large.jpg", "GET, HEAD"),
    (f"/t/{ID}/large", "GET, HEAD"), (f"/t/{ID}/meta.json", "GET, HEAD"))
ELSEWHERE = ("/", "/page.css", "/health/live", "/health/ready", "/metrics",
             "/nothing", "/uploads", "/t")
STRANGERS = ("https://shop.example.evil.example", "https://shopxexample",
             "https://shop.example:444", "http://shop.example",
             "https://evil.example", "null", "https://SHOP.example",
             "https://shop.example, https://evil.example", "")


class Cors(Site):
    def headers_of(self, answer):
        """The CORS headers, each at most once."""
        names = [name for name in answer.headers
                 if name.lower().startswith("access-control-")]
        self.assertEqual(len(names), len(set(names)))
        return {name: answer.headers[name] for name in names}

    def vary(self, answer):
        return set(answer.headers.get_all("Vary") or [])

    def refusals(self, headers):
        """(name, answer) of every refusal of an upload."""
        def post(body=b"x", more=(), method="POST", target="/upload"):
            return self.ask(method, target, body, {**headers, **dict(more)})

        yield 413, post(bytes(LIMIT + 1))
        yield 413, post([bytes(LIMIT), bytes(LIMIT)])
        yield 413, post(bytes(1025), target=f"/photos/{ID}/claims")
        yield 503, post()
        yield 503, post(method="DELETE", target=f"/photos/{ID}")
        yield 405, post(method="PATCH")
        yield 404, self.ask("GET", f"/t/{OTHER_ID}/large.webp",
                            headers=headers)
        yield 404, self.ask("GET", f"/t/{ID}/none", headers=headers)
        yield 404, self.ask("GET", f"/photos/{ID}/none", headers=headers)
        self.peer("photo", None)
        yield 502, post()
        self.doCleanups()
        self.peer("photo", b"Status: 422 x\r\nContent-Type: "
                  b"application/problem+json\r\n\r\n{}")
        yield 422, post()
        self.doCleanups()
        stranger = {"X-Test-Address": "203.0.113.77"}
        for _ in range(1000):
            answer = post(more=stranger)
            if answer.status == 429:
                break
        yield 429, answer


class Listed(Cors):
    more = f'cors_origins = [ "{SHOP}", "{BLOG}" ];'

    def test_a_preflight_says_what_may_be_sent(self):
        for origin in SHOP, BLOG:
            for target, methods in TARGETS:
                with self.subTest(f"{origin} {target}"):
                    answer = self.ask("OPTIONS", target, headers={
                        "Origin": origin,
                        "Access-Control-Request-Method": "POST"})
                    self.assertEqual((answer.status, answer.body), (204, b""))
                    self.assertEqual(self.headers_of(answer), {
                        **ALLOWED,
                        "Access-Control-Allow-Origin": origin,
                        "Access-Control-Expose-Headers": EXPOSED,
                        "Access-Control-Allow-Methods": methods})
                    self.assertIn("Origin", self.vary(answer))
                    self.assertNotIn("Allow", answer.headers)
                    self.check_safe(answer)

    def test_an_answer_can_be_read(self):
        self.peer("photo", b"Status: 201\r\nServer-Timing: a\r\n\r\n{}")
        for answer in (
                self.ask("POST", "/upload", b"x", {"Origin": SHOP}),
                self.ask("GET", f"/t/{ID}/large.jpg", None, {"Origin": SHOP}),
                self.ask("GET", f"/t/{ID}/large?v=1", None, {"Origin": SHOP}),
                self.ask("GET", f"/t/{ID}/meta.json", None,
                         {"Origin": SHOP})):
            self.assertIn(answer.status, (200, 201))
            self.assertEqual(self.headers_of(answer), {
                "Access-Control-Allow-Origin": SHOP,
                "Access-Control-Expose-Headers": EXPOSED})
            self.assertIn("Origin", self.vary(answer))

    def test_a_refusal_can_be_read(self):
        for status, answer in self.refusals({"Origin": SHOP}):
            with self.subTest(status):
                self.assertEqual(answer.status, status, answer.body)
                self.assertEqual(self.headers_of(answer), {
                    "Access-Control-Allow-Origin": SHOP,
                    "Access-Control-Expose-Headers": EXPOSED})
                self.assertEqual(answer.headers["Content-Type"],
                                 "application/problem+json")

    def test_a_refusal_is_of_the_only_type_that_is_taken(self):
        """As Dropzone asks, which reads no other."""
        for status, answer in self.refusals({"Origin": SHOP,
                                             "Accept": "application/json"}):
            if status == 422:  # the worker's own
                continue
            with self.subTest(status):
                self.assertEqual(answer.status, status, answer.body)
                self.assertEqual(answer.headers["Content-Type"],
                                 "application/json")
                self.assertTrue(json.loads(answer.body)["error"])

    def test_the_negotiated_address_varies_by_both(self):
        for headers in {}, {"Origin": SHOP}, {"Origin": STRANGERS[0]}:
            answer = self.ask("GET", f"/t/{ID}/large", None, headers)
            self.assertEqual(self.vary(answer), {"Accept", "Origin"})

    def test_others_get_nothing(self):
        for origin in STRANGERS:
            headers = {"Origin": origin} if origin else {}
            for target, _ in TARGETS:
                with self.subTest(f"{origin} {target}"):
                    answer = self.ask("OPTIONS", target, headers=headers)
                    self.check_problem(answer, 405, "method-not-allowed")
                    self.assertEqual(self.headers_of(answer), {})
                    # Said to them too: a cache has to know.
                    self.assertIn("Origin", self.vary(answer))
                    answer = self.ask("GET", target, headers=headers)
                    self.assertEqual(self.headers_of(answer), {})

    def test_no_other_address_takes_part(self):
        for target in ELSEWHERE:
            for method in "GET", "OPTIONS":
                answer = self.ask(method, target, headers={"Origin": SHOP})
                self.assertNotEqual(answer.status, 204)
                self.assertEqual(self.headers_of(answer), {})
                self.assertNotIn("Origin", self.vary(answer))

    def test_a_preflight_is_no_upload(self):
        """Neither counted as one nor passed to a worker."""
        headers = {"Origin": SHOP, "X-Test-Address": "203.0.113.5"}
        for _ in range(12 * RATE):
            answer = self.ask("OPTIONS", "/upload", headers=headers)
            self.assertEqual(answer.status, 204)


class ListedBelowAPrefix(Listed):
    prefix = "/v1.0/media"


class Anybody(Cors):
    more = 'cors_origins = [ "*" ];'

    def test_every_origin_may(self):
        for origin in SHOP, "null", "https://x.example":
            for target, methods in TARGETS:
                answer = self.ask("OPTIONS", target, headers={
                    "Origin": origin, "Access-Control-Request-Method": "PUT"})
                self.assertEqual(answer.status, 204)
                self.assertEqual(self.headers_of(answer), {
                    **ALLOWED,
                    "Access-Control-Allow-Origin": "*",
                    "Access-Control-Expose-Headers": EXPOSED,
                    "Access-Control-Allow-Methods": methods})
                self.assertNotIn("Origin", self.vary(answer))

    def test_a_refusal_can_be_read(self):
        for status, answer in self.refusals({"Origin": SHOP}):
            with self.subTest(status):
                self.assertEqual(answer.status, status)
                self.assertEqual(
                    self.headers_of(answer)["Access-Control-Allow-Origin"],
                    "*")
                json.loads(answer.body)

    def test_no_other_address_takes_part(self):
        for target in ELSEWHERE:
            answer = self.ask("GET", target, headers={"Origin": SHOP})
            self.assertEqual(self.headers_of(answer), {})


class Nobody(Cors):
    def test_without_origins_there_is_no_word_of_it(self):
        for target, _ in TARGETS:
            for method in "OPTIONS", "GET", "POST", "PATCH":
                answer = self.ask(method, target, b"x", {"Origin": SHOP})
                self.assertEqual(self.headers_of(answer), {})
                self.assertNotIn("Origin", self.vary(answer))
                if method == "OPTIONS":
                    self.check_problem(answer, 405, "method-not-allowed")
