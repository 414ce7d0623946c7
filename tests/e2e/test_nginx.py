"""nginx with the generated configuration and without the service behind it:
what it serves and refuses by itself. Where something must answer on the
sockets, it is a stand-in: peer.py.
"""

import gzip
import json
import os
import pathlib
import re
import shutil
import socket
import subprocess
import tempfile
import time
import unittest

from case import at_once
from nginx import THUMBCTL, TEMPLATES, TOP, Nginx, raw, request
from nginx_site import (HTML, ID, LIMIT, OTHER_ID, RATE, REAL_IP, RECIPE,
                        SOME_PICTURE, Site, write_settings)
from pages import Page, shown, way

PACKED = {"Accept-Encoding": "gzip, deflate, br"}
CONNECTIONS = 32  # at once, of one address
STYLE = (HTML / "page.css").read_text()

# The first of English and Korean that the header names.
LANGUAGES = (
    (None, "en"), ("", "en"), ("en", "en"), ("ko", "ko"), ("KO-kr", "ko"),
    ("ko-KR,ko;q=0.9,en-US;q=0.8,en;q=0.7", "ko"),
    ("en-US,en;q=0.9,ko;q=0.8", "en"), ("fr, ko;q=0.5, en;q=0.3", "ko"),
    ("ja,zh-Hant-TW;q=0.9,ko-Kore-KR;q=0.8", "ko"), ("fr,de;q=0.9", "en"),
    ("*", "en"), ("fr,*;q=0.1,ko;q=0.1", "ko"), ("de , ko ; q=0.8", "ko"),
    # q=0 means not this one.
    ("ko;q=0", "en"), ("ko;q=0,en", "en"), ("en;q=0,ko;q=0.1", "ko"),
    ("ko;q=0.0, fr, ko-KP;q=0.2", "ko"), ("ko; Q = 0.000 ,en", "en"),
    ("ko;q=0.001", "ko"), ("en;q=0.00,fr", "en"),
    # What only looks like it.
    ("kok,kok-IN;q=0.9", "en"), ("k", "en"), ("xko,ko-", "ko"),
    ("eng,ko", "ko"), ("x-ko", "en"), ("ko_KR", "en"), ("fr ko", "en"),
    (",, ,ko", "ko"), ("ko,", "ko"), ("\tko", "ko"), ('"ko"', "en"),
    ("../../ko", "en"), ("ko/../..", "en"), ("q=0;ko", "en"),
    ("a," * 3000 + "ko", "ko"), ("a" * 6000, "en"), (";" * 6000, "en"))


class Files:
    """What is a file, and what is not."""

    def test_the_page_is_checked_again_each_time(self):
        for target in "/", "/mine", "/status":
            answer = self.ask("GET", target)
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["Content-Type"],
                             "text/html; charset=utf-8")
            self.assertEqual(answer.headers.get_all("Cache-Control"),
                             ["no-cache"])
            self.assertIn("default-src 'self'",
                          answer.headers["Content-Security-Policy"])
            self.check_safe(answer)
            same = self.ask("GET", target, headers={
                "If-None-Match": answer.headers["ETag"]})
            self.assertEqual((same.status, same.body), (304, b""))
            self.assertIn("Accept-Language", same.headers.get_all("Vary"))

    def test_each_page_is_of_the_language_that_is_asked_for(self):
        for target, name in (("/", "index"), ("/mine", "mine"),
                             ("/status", "status")):
            for language, end in ("en", ""), ("ko", "-ko"):
                with self.subTest(target, language=language):
                    answer = self.ask("GET", target, headers={
                        "Accept-Language": language})
                    self.assertEqual(
                        answer.body, (HTML / f"{name}{end}.html").read_bytes())
                    self.assertEqual(set(answer.headers.get_all("Vary")),
                                     {"Accept-Encoding", "Accept-Language"})
                    self.assertEqual(Page(answer.body.decode()).lang, language)
                    head = self.ask("HEAD", target, headers={
                        "Accept-Language": language})
                    self.assertEqual((head.status, head.body), (200, b""))
                    self.assertEqual(head.headers["Content-Length"],
                                     str(len(answer.body)))

    def test_the_language_is_the_first_that_is_had(self):
        for header, language in LANGUAGES:
            with self.subTest((header or "none")[:60]):
                answer = self.ask("GET", "/", headers={
                    "Accept-Language": header} if header is not None else {})
                self.assertEqual(answer.status, 200)
                self.assertIn(f'<html lang="{language}">',
                              answer.body.decode())

    def test_all_that_the_pages_name_is_there_with_its_type(self):
        types = {"css": "text/css; charset=utf-8", "svg": "image/svg+xml",
                 "js": "text/javascript; charset=utf-8"}
        names = set()
        for target in "/", "/mine", "/status":
            for language in "en", "ko":
                page = Page(self.ask("GET", target, headers={
                    "Accept-Language": language}).body.decode())
                names |= {a[key] for tag, a in page.elements
                          for key in ("href", "src")
                          if key in a and tag != "a"}
        self.assertLessEqual({"page.css", "upload.js", "mine.js", "status.js",
                              "words-ko.js"}, names)
        for name in names:
            with self.subTest(name):
                answer = self.ask("GET", "/" + name)
                self.assertEqual(answer.status, 200)
                self.assertEqual(answer.headers["Content-Type"],
                                 types[name.rpartition(".")[2]])
                self.assertEqual(answer.headers["Cache-Control"],
                                 "public, max-age=600")
                self.check_safe(answer)

    def test_pages_are_packed_for_a_slow_line(self):
        sent = {}
        for target, name in (
                ("/", "index.html"), ("/mine", "mine.html"),
                ("/status", "status.html"), ("/page.css", "page.css"),
                ("/upload.js", "upload.js"), ("/words-en.js", "words-en.js")):
            answer = self.ask("GET", target, headers=PACKED)
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.headers["Content-Encoding"], "gzip")
            self.assertIn("Accept-Encoding", answer.headers.get_all("Vary"))
            data = (HTML / name).read_bytes()
            self.assertEqual(gzip.decompress(answer.body), data)
            self.assertLess(len(answer.body), len(data) / 1.8, name)
            self.check_safe(answer)
            same = self.ask("GET", target, headers={
                **PACKED, "If-None-Match": answer.headers["ETag"]})
            self.assertEqual((same.status, same.body), (304, b""))
            sent[name] = answer.headers["ETag"]
        self.assertEqual(len(set(sent.values())), len(sent))

    def test_nothing_with_a_secret_is_packed(self):
        """Nor what is packed already."""
        reply = (b"Status: 201\r\nContent-Type: text/html\r\n\r\n"
                 + b"a token and a name " * 200)
        self.peer("photo", reply)
        self.peer("control", reply)
        people = {**PACKED, "Accept": "text/html"}
        for method, target, headers in (
                ("POST", "/upload", people), ("DELETE", f"/photos/{ID}", people),
                ("POST", f"/photos/{ID}/claims", people),
                ("GET", f"/t/{ID}/large.jpg", PACKED),
                ("GET", f"/t/{ID}/meta.json", PACKED),
                ("GET", "/upload", people)):
            answer = self.ask(method, target,
                              b"x" if method != "GET" else None, headers)
            self.assertNotIn("Content-Encoding", answer.headers)
            self.assertNotIn("Accept-Encoding",
                             answer.headers.get_all("Vary") or [])

    def test_the_exact_file_never_changes(self):
        for name, kind in (("large.jpg", "image/jpeg"),
                           ("large.webp", "image/webp")):
            answer = self.thumb(f"{name}?v={RECIPE}")
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.body, SOME_PICTURE)
            self.assertEqual(answer.headers["Content-Type"], kind)
            self.assertEqual(answer.headers.get_all("Cache-Control"),
                             ["public, max-age=31536000, immutable"])
            self.assertEqual(answer.headers["Content-Security-Policy"],
                             "default-src 'none'; sandbox")
            self.check_safe(answer)

    def test_any_other_recipe_is_a_copy_for_a_day(self):
        for query in ("", "?", "?v=", "?v=00000000", "?v=1F0C9A2E",
                      f"?v={RECIPE}0", f"?v=.{RECIPE}", "?v=%31f0c9a2e",
                      f"?w={RECIPE}", "?v=../../..", "?v=%00"):
            with self.subTest(query):
                answer = self.thumb("large.jpg" + query)
                self.assertEqual(answer.status, 200)
                self.assertEqual(answer.body, SOME_PICTURE)
                self.assertEqual(answer.headers.get_all("Cache-Control"),
                                 ["public, max-age=86400"])

    def test_a_thumbnail_has_a_head_parts_and_a_version(self):
        target = f"/t/{ID}/large.jpg?v={RECIPE}"
        head = self.ask("HEAD", target)
        self.assertEqual((head.status, head.body), (200, b""))
        self.assertEqual(head.headers["Content-Length"],
                         str(len(SOME_PICTURE)))
        part = self.ask("GET", target, headers={"Range": "bytes=10-19"})
        self.assertEqual((part.status, part.body), (206, SOME_PICTURE[10:20]))
        self.assertIn("immutable", part.headers["Cache-Control"])
        same = self.ask("GET", target,
                        headers={"If-None-Match": head.headers["ETag"]})
        self.assertEqual((same.status, same.body), (304, b""))
        self.assertIn("immutable", same.headers["Cache-Control"])
        same = self.ask("GET", target, headers={
            "If-Modified-Since": head.headers["Last-Modified"]})
        self.assertEqual(same.status, 304)
        beyond = self.ask("GET", target, headers={"Range": "bytes=9999999-"})
        self.assertEqual(beyond.status, 416)
        self.assertEqual(beyond.headers["Content-Range"],
                         f"bytes */{len(SOME_PICTURE)}")
        # nginx gives the headers of a 416 twice; the strictest one counts.
        self.assertIn("no-store", beyond.headers.get_all("Cache-Control"))

    def test_a_thumbnail_is_kept_under_a_name_of_its_own(self):
        name = f"large-{ID[:8]}"
        for target, file in (
                ("large.jpg?download", f"{name}.jpg"),
                (f"large.jpg?v={RECIPE}&download", f"{name}.jpg"),
                (f"large.webp?download&v={RECIPE}", f"{name}.webp"),
                ("large.jpg?v=00000000&download=", f"{name}.jpg"),
                ("large?v=&download=../x%0d%0aX:1", f"{name}.jpg"),
                ("square.jpg?download=x.exe", f"square-{ID[:8]}.jpg")):
            for method, headers, status in (
                    ("GET", {}, 200), ("HEAD", {}, 200),
                    ("GET", {"Range": "bytes=10-19"}, 206)):
                with self.subTest(f"{method} {target} {headers}"):
                    answer = self.ask(method, f"/t/{ID}/{target}",
                                      headers=headers)
                    self.assertEqual(answer.status, status)
                    self.assertEqual(
                        answer.headers.get_all("Content-Disposition"),
                        [f'attachment; filename="{file}"'])
                    self.check_safe(answer)

    def test_nothing_else_is_kept(self):
        etag = self.thumb("large.jpg").headers["ETag"]
        for target, headers in (
                (f"/t/{ID}/large.jpg", {}),
                (f"/t/{ID}/large.jpg?v={RECIPE}", {}),
                (f"/t/{ID}/large.jpg?downloads", {}),
                (f"/t/{ID}/large.jpg?v=download", {}),
                (f"/t/{ID}/large.jpg?nodownload", {}),
                (f"/t/{ID}/large.jpg%3Fdownload", {}),
                (f"/t/{ID}/large.jpg?download", {"If-None-Match": etag}),
                (f"/t/{ID}/none.jpg?download", {}),
                (f"/t/{OTHER_ID}/large.jpg?download", {}),
                (f"/t/{ID}/meta.json?download", {}),
                ("/?download", {}), ("/page.css?download", {}),
                ("/health/live?download", {})):
            with self.subTest(target):
                answer = self.ask("GET", target, headers=headers)
                self.assertNotIn("Content-Disposition", answer.headers)

    def test_the_manifest_is_checked_again_each_time(self):
        answer = self.thumb("meta.json")
        self.assertEqual(answer.status, 200)
        self.assertEqual(json.loads(answer.body)["id"], ID)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        self.assertEqual(answer.headers.get_all("Cache-Control"), ["no-cache"])
        self.check_safe(answer)
        self.check_problem(self.thumb("meta.json", OTHER_ID), 404, "not-found")

    def test_what_is_not_there_costs_no_worker(self):
        for target in (
                f"/t/{OTHER_ID}/large.jpg",
                f"/t/{OTHER_ID}/large.jpg?v={RECIPE}",
                f"/t/{ID}/square.webp", f"/t/{ID}/large.png",
                f"/t/{OTHER_ID}/large", f"/t/{ID}/none", f"/t/{ID}/large/",
                f"/t/{ID}/large%0a", f"/t/{ID}/large.", f"/t/{ID}/Large",
                f"/t/{ID}/", f"/t/{ID}", "/t/", "/t",
                f"/t/{ID}/old.jpg", f"/t/{ID}/large.txt",
                f"/t/{ID}/large.{RECIPE}.jpg", f"/t/{ID}/large.jpg/",
                f"/t/{ID}/large.jpg%0a", f"/t/{ID}/Large.jpg",
                f"/t/{ID.upper()}/large.jpg", f"/t/{ID[:-1]}b/large.jpg",
                f"/t/{ID[:-1]}/large.jpg", f"/t/{ID}a/large.jpg",
                f"/t/x/{ID}/large.jpg", f"/x/t/{ID}/large.jpg",
                "/nothing", "/index.html.bak", "/.git", "/page.css~",
                "/upload/", "/uploads", "/health", "/health/",
                "/mine/", "/mine-ko", "/mine.html", "/mine-ko.html", "/min",
                "/status/", "/status.html", "/index", "/index.html",
                "/problem.json", "/problem.html", "/refusal.json",
                "/lost.json", "/busy.json", "/slow.json", "/full.html",
                "/asked.json", "/render", f"/render?v={RECIPE}",
                "/first.lost", "/photos", "/photos/", f"/photos/{ID}/",
                f"/photos/{ID}/claim", f"/photos/{ID}/claims/",
                f"/photos/{ID}%0a", f"/photos/{ID}/claims%0a",
                f"/photos/{ID[:-1]}", f"/photos/{ID[:-1]}b",
                f"/photos/{ID}a/claims"):
            with self.subTest(target):
                answer = self.ask("GET", target)
                self.check_problem(answer, 404, "not-found")
                self.assertEqual(self.log_of(answer)["upstream_status"], "")

    def test_nothing_leads_out_of_the_public_directory(self):
        up = ("..", "%2e%2e", ".%2e", "%2E%2E", "%252e%252e", "..%2f..",
              "..%5c", "..;", "....")
        targets = [f"/t/{ID}/{a}/{b}" for a in up for b in (
            "large.txt", f"{ID}/old.jpg",
            f"../../photos/ab/{ID}/original.jpg",
            f"{a}/{a}/{a}/photos/ab/{ID}/original.jpg")]
        targets += [f"/{a}/photos/ab/{ID}/original.jpg" for a in up]
        targets += [f"/t/{a}/{a}/{a}/{a}/etc/passwd" for a in up]
        targets += [f"/t/{ID}/large.jpg%00", f"/t/{ID}/large%00.jpg",
                    f"/t/{ID}%2flarge.txt", "/t/%00", "/%00",
                    f"//photos/ab/{ID}/original.jpg",
                    f"/public/ab/{ID}/old.jpg",
                    f"/photos/ab/{ID}/original.jpg", "/page.css/../../README"]
        for target in targets:
            with self.subTest(target):
                answer = self.ask("GET", target)
                self.assertIn(answer.status, (400, 404))
                self.assertNotIn(b"secret", answer.body)
                self.assertNotIn(b"root:", answer.body)
                self.check_problem(answer, answer.status,
                                   {400: "bad-request",
                                    404: "not-found"}[answer.status])

    def test_each_address_says_which_methods_it_has(self):
        for target, allow in (
                ("/", "GET, HEAD"), ("/page.css", "GET, HEAD"),
                ("/mine", "GET, HEAD"), ("/status", "GET, HEAD"),
                (f"/t/{ID}/large.jpg", "GET, HEAD"),
                (f"/t/{ID}/meta.json", "GET, HEAD"),
                ("/health/live", "GET, HEAD"), ("/health/ready", "GET, HEAD"),
                ("/metrics", "GET, HEAD"),
                (f"/t/{ID}/large", "GET, HEAD"),
                ("/upload", "POST, PUT, DELETE"), (f"/photos/{ID}", "DELETE"),
                (f"/photos/{ID}/claims", "POST")):
            for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS",
                           "PATCH", "get"):
                if method in allow:
                    continue
                with self.subTest(f"{method} {target}"):
                    answer = self.ask(method, target, b"x")
                    if method == "HEAD":
                        self.assertEqual(answer.status, 405)
                    elif method == "get":
                        self.check_problem(answer, 400, "bad-request")
                        continue
                    else:
                        self.check_problem(answer, 405, "method-not-allowed")
                    self.assertEqual(answer.headers.get_all("Allow"), [allow])

    def test_nginx_is_live_without_the_service(self):
        answer = self.ask("GET", "/health/live")
        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        self.assertEqual(json.loads(answer.body), {"live": True})
        self.assertEqual(answer.headers["Cache-Control"], "no-store")
        self.check_safe(answer)


class Refusals:
    """What nginx says in place of the service."""

    def post(self, body=b"x", headers=(), method="POST", timeout=30):
        return self.ask(method, "/upload", body, headers, timeout)

    def people(self, language):
        """The headers of a form that a browser sends without scripts."""
        return {"Accept": "text/html,*/*;q=0.8", "Accept-Language": language}

    def check_page(self, status, en, ko, body=b"x", headers=(), ask=None):
        """The same for people, in both languages: words of it."""
        for language, word in ("en", en), ("ko", ko):
            answer = (ask or self.post)(
                body, {**self.people(language), **dict(headers)})
            self.assertEqual(answer.status, status)
            self.assertEqual(answer.headers["Content-Type"],
                             "text/html; charset=utf-8")
            self.assertEqual(answer.headers.get_all("Cache-Control"),
                             ["no-store"])
            self.check_safe(answer)
            self.check_words(Page(answer.body.decode()), language, word)

    def check_words(self, page, language, word):
        """A refusal looks like the pages and leads to them."""
        self.assertEqual(page.lang, language)
        self.assertEqual(page.words["title"], page.words["h1"])
        self.assertIn({"rel": "stylesheet", "href": f"{self.prefix}/page.css"},
                      page.of("link"))
        # What the style sheet knows.
        for name in ("result", "refusal", "again"):
            self.assertEqual(len(page.classed(name)), 1)
            self.assertIn(f".{name}", STYLE)
        end = "" if language == "en" else "-ko"
        name, ways = way(Page((HTML / f"index{end}.html").read_text()))
        self.assertEqual(way(page), (name, [
            (f"{self.prefix}/{address.removeprefix('./')}", text)
            for address, text in ways]))
        self.assertTrue(shown(page, word), page.text)
        # What is the matter, and what to do.
        self.assertGreaterEqual(page.text.count(". ") + page.text.count(".\n"),
                                2, page.text)

    def check_overloaded(self):
        # At once: after any waiting it would be a 504.
        for method in ("POST", "PUT"):
            answer = self.post(method=method)
            self.check_problem(answer, 503, "overloaded")
            self.assertEqual(answer.headers.get_all("Retry-After"), ["2"])
        self.check_page(503, "more to do than it can take just now. Wait",
                        "일이 몰려 있습니다. 잠시 뒤")

    def test_without_a_pool_an_upload_is_refused_at_once(self):
        self.check_overloaded()

    def test_a_dead_pool_s_socket_refuses_at_once(self):
        path = self.directory / "run" / "photo.sock"
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(str(path))
        self.addCleanup(os.unlink, path)
        self.check_overloaded()

    def test_a_full_queue_refuses_at_once(self):
        self.peer("photo", "full")
        self.check_overloaded()

    def test_a_worker_that_dies_is_worker_lost(self):
        self.peer("photo", None)
        answer = self.post()
        self.check_problem(answer, 502, "worker-lost")
        self.assertNotIn("Retry-After", answer.headers)
        self.check_page(502, "broke off while it read the upload. Reload this "
                        "page", "도중에 서비스가 끊겼습니다. 이 페이지를 새로")
        line = self.log_of(answer)
        self.assertEqual((line["status"], line["upstream_status"]),
                         (502, "502"))

    def test_no_answer_in_time_is_too_slow(self):
        self.peer("photo", "silent")
        start = time.monotonic()
        # All at once: each takes its time.
        asked = {"": {}, **{language: self.people(language)
                            for language in ("en", "ko")}}
        answers = dict(zip(asked, at_once(3, lambda i: self.post(
            headers=list(asked.values())[i]))))
        self.check_problem(answers[""], 504, "too-slow")
        # queue + request + 3 x job seconds + 5; nginx's clock is a coarse one
        self.assertGreater(time.monotonic() - start, 6.9)
        self.check_page(504, "took too long. Send fewer photos at once",
                        "너무 오래 걸렸습니다. 한 번에 더 적은",
                        ask=lambda _, headers:
                        answers[headers["Accept-Language"]])

    def test_a_body_over_the_limit_is_told_both_numbers(self):
        answer = self.post(bytes(LIMIT + 1))
        problem = self.check_problem(answer, 413, "body-too-large")
        self.assertEqual((problem["limit"], problem["actual"]),
                         (LIMIT, LIMIT + 1))
        self.assertIn("64 kB", problem["detail"])
        self.check_page(
            413, "too large: it has 65,537 bytes. The limit of all photos of "
            "one upload together is 64 kB (65,536 bytes). Send fewer",
            "너무 큽니다(65,537바이트). 한 번에 올리는 사진은 모두 합해 "
            "64 kB(65,536바이트)까지입니다. 사진을 나누어", bytes(LIMIT + 1))

    def test_an_announced_body_is_refused_before_it_comes(self):
        for length, words in ((999999999999, "999,999,999,999"),
                              (1234567890123, "1,234,567,890,123"),
                              (70000, "70,000"), (7000000, "7,000,000")):
            headers = {"Content-Length": str(length)}
            problem = self.check_problem(self.post(None, headers), 413,
                                         "body-too-large")
            self.assertEqual(problem["actual"], length)
            self.check_page(413, f": it has {words} bytes.",
                            f"({words}바이트).", None, headers)

    def test_the_size_of_a_chunked_body_is_not_made_up(self):
        answer = self.post([bytes(LIMIT), bytes(LIMIT)])
        problem = self.check_problem(answer, 413, "body-too-large")
        self.assertEqual(problem["limit"], LIMIT)
        self.assertNotIn("actual", problem)
        self.check_page(413, "The upload is too large. The limit",
                        "업로드가 너무 큽니다. 한 번에",
                        [bytes(LIMIT), bytes(LIMIT)])

    def test_who_opens_an_address_is_told_in_words(self):
        for method, target, status, en, ko in (
                ("GET", "/upload", 405, "not for this address. Send photos",
                 "쓸 수 없는 요청입니다. 업로드"),
                ("GET", "/nothing", 404, "nothing here. Check the address",
                 "아무것도 없습니다. 주소를"),
                ("POST", "/", 405, "not for this address.", "요청입니다.")):
            with self.subTest(f"{method} {target}"):
                self.check_page(status, en, ko, ask=lambda body, headers:
                                self.ask(method, target, body, headers))

    def test_a_body_of_the_limit_reaches_the_pool(self):
        peer = self.peer("photo", b"Status: 201\r\n\r\n")
        self.assertEqual(self.post(bytes(LIMIT)).status, 201)
        self.assertEqual(len(peer.body), LIMIT)

    def test_a_full_disk_for_bodies_is_storage_full(self):
        body = self.nginx.directory / "body"
        shutil.rmtree(body)
        body.write_text("")  # no directory can be made here
        try:
            answer = self.post(bytes(LIMIT))
            self.check_problem(answer, 507, "storage-full")
            self.check_page(507, "no space left for photos. The operator",
                            "공간이 없습니다. 운영자가", bytes(LIMIT))
        finally:
            body.unlink()
            body.mkdir()

    def test_this_machine_is_never_too_fast(self):
        answers = [self.post() for _ in range(12 * RATE)]
        self.assertEqual({a.status for a in answers}, {503})

    def until_too_fast(self, ask):
        """How many were let through, and the first one that was not. A busy
        machine needs more of them until it was too fast."""
        for taken in range(1000):
            answer = ask()
            if answer.status == 429:
                return taken, answer
            self.assertEqual(answer.status, 503)
        self.fail("never too fast")

    def test_another_one_is_after_a_burst(self):
        headers = {"X-Test-Address": "203.0.113.9"}
        taken, refused = self.until_too_fast(
            lambda: self.post(headers=headers))
        self.assertGreaterEqual(taken, 10 * RATE + 1)
        problem = self.check_problem(refused, 429, "rate-limited")
        self.assertEqual(problem["limit"], RATE)
        self.assertIn(f"{RATE} uploads, claims and deletions a second",
                      problem["detail"])
        self.assertEqual(refused.headers.get_all("Retry-After"), ["1"])
        self.check_page(
            429, f"one address may send {RATE} a second. Wait a moment",
            f"한 주소에서 1초에 {RATE}번까지 올릴 수 있습니다. 잠시 뒤",
            headers=headers, ask=lambda body, headers: self.until_too_fast(
                lambda: self.post(body, headers))[1])
        # Who sends too much may still look.
        thumb = self.ask("GET", f"/t/{ID}/large.jpg", headers=headers)
        self.assertEqual(thumb.status, 200)

    def test_what_is_for_this_machine_only(self):
        targets = "/health/ready", "/metrics"
        for target in targets:
            self.check_problem(self.ask("GET", target), 503, "overloaded")
        self.peer("control", b"Content-Type: application/json\r\n\r\n{}")
        for target in targets:
            answer = self.ask("GET", target)
            self.assertEqual((answer.status, answer.body), (200, b"{}"))
            self.assertEqual(answer.headers["Cache-Control"], "no-store")
            for address in ("203.0.113.9", "2001:db8::9"):
                answer = self.ask("GET", target,
                                  headers={"X-Test-Address": address})
                self.check_problem(answer, 404, "not-found")
                self.assertEqual(self.log_of(answer)["remote"], address)

    def test_the_service_s_own_words_pass_untouched(self):
        self.peer("photo", b"Status: 503 x\r\nRetry-After: 9\r\n"
                  b"Content-Type: application/problem+json\r\n\r\n"
                  b'{"code":"its-own"}')
        answer = self.post()
        self.assertEqual((answer.status, answer.body),
                         (503, b'{"code":"its-own"}'))
        self.assertEqual(answer.headers.get_all("Retry-After"), ["9"])
        self.assertEqual(answer.headers.get_all("Cache-Control"), ["no-store"])
        self.check_safe(answer)

    def test_the_pool_is_told_what_it_needs(self):
        peer = self.peer("photo", b"Status: 201\r\n\r\n{}")
        before = time.time()
        answer = self.post([b"ab", b"c"], {"Content-Type": "image/png",
                                           "Accept": "text/html",
                                           "Proxy": "x"})
        self.assertEqual(answer.status, 201)
        params = dict(peer.params)
        self.assertEqual(peer.body, b"abc")
        sent = float(params.pop("QUEUE_MSEC"))
        self.assertTrue(before - 0.1 < sent < time.time() + 0.1, sent)
        self.assertEqual(params.pop("REQUEST_ID"),
                         answer.headers["X-Request-Id"])
        self.assertEqual(
            {k: v for k, v in params.items() if not k.startswith("HTTP_")},
            {"REQUEST_METHOD": "POST", "REQUEST_URI": self.prefix + "/upload",
             "DOCUMENT_URI": self.prefix + "/upload", "QUERY_STRING": "",
             "CONTENT_TYPE": "image/png", "CONTENT_LENGTH": "3",
             "REMOTE_ADDR": "127.0.0.1", "THUMB_OWNER": "",
             "THUMB_LANGUAGE": "en"})
        self.assertEqual(params["HTTP_ACCEPT"], "text/html")

    def test_the_pool_is_told_the_language_in_one_word(self):
        peer = self.peer("photo", b"Status: 201\r\n\r\n{}")
        for header, language in (("ko-KR,en;q=0.5", "ko"), ("fr", "en"),
                                 ("<script>", "en")):
            self.post(headers={"Accept-Language": header,
                               "Thumb-Language": "ko"})
            self.assertEqual(peer.params["THUMB_LANGUAGE"], language)

    def test_each_request_is_one_json_object_in_the_log(self):
        answer = self.post(bytes(LIMIT + 1))
        line = self.log_of(answer)
        self.assertEqual((line["method"], line["uri"], line["status"]),
                         ("POST", self.prefix + "/upload", 413))
        self.assertEqual(line["remote"], "127.0.0.1")
        self.assertGreater(line["bytes"], len(answer.body))
        raw(self.nginx.address, b"\x16\x03\x01\x00\"\\\r\n\r\n")
        raw(self.nginx.address, b"GET /\r\n")  # HTTP/0.9 has no status
        self.log_lines()

    def test_a_malformed_request_is_told_so(self):
        host = b"Host: x\r\n"
        for name, data, status, code in (
                ("noise", b"\x16\x03\x01\x02\x00\r\n\r\n", 400, "bad-request"),
                ("no host", b"GET / HTTP/1.1\r\n\r\n", 400, "bad-request"),
                ("two lengths", b"POST /upload HTTP/1.1\r\n" + host +
                 b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n", 400,
                 "bad-request"),
                ("long line", b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\n" +
                 host + b"\r\n", 400, "bad-request"),
                ("long header", b"GET / HTTP/1.1\r\n" + host + b"A: " +
                 b"a" * 40000 + b"\r\n\r\n", 400, "bad-request"),
                ("strange coding", b"POST /upload HTTP/1.1\r\n" + host +
                 b"Transfer-Encoding: rot13\r\n\r\n", 400, "bad-request"),
                ("bad chunk", b"POST " + self.prefix.encode() +
                 b"/upload HTTP/1.1\r\n" + host +
                 b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400,
                 "bad-request"),
                ("trace", b"TRACE / HTTP/1.1\r\n" + host + b"\r\n", 405,
                 "method-not-allowed")):
            with self.subTest(name):
                head, _, body = raw(self.nginx.address,
                                    data).partition(b"\r\n\r\n")
                self.assertIn(b" %d " % status, head.splitlines()[0])
                self.assertIn(b"application/problem+json", head)
                self.assertIn(b"nosniff", head)
                self.assertEqual(json.loads(body)["code"], code)
                self.assertEqual(json.loads(body)["status"], status)


class AtTheTop(Files, Refusals, Site):
    pass


class BelowAPrefix(Files, Refusals, Site):
    prefix = "/media"

    def test_the_prefix_alone_leads_to_the_page(self):
        answer = request(self.nginx.address, "GET", "/media?a=b")
        self.assertEqual(answer.status, 301)
        self.assertEqual(answer.headers["Location"], "/media/?a=b")
        self.check_safe(answer)

    def test_nothing_is_outside_of_it(self):
        for target in ("/", "/upload", f"/t/{ID}/large.jpg", "/page.css",
                       "/health/live", "/mediaupload", "/media2/"):
            with self.subTest(target):
                answer = request(self.nginx.address, "GET", target)
                self.assertEqual(answer.status, 404)


class BelowADottedPrefix(Site):
    prefix = "/v1.0/~me"

    def test_the_dot_is_only_a_dot(self):
        self.assertEqual(self.thumb("large.jpg").status, 200)
        answer = request(self.nginx.address, "GET",
                         f"/v1x0/~me/t/{ID}/large.jpg")
        self.assertEqual(answer.status, 404)


class WithPagesOfAnOperator(Site):
    """A directory of one's own, with one page in no language of ours."""

    @classmethod
    def setUpClass(cls):
        cls.html = pathlib.Path(tempfile.mkdtemp(prefix="ft-html."))
        cls.addClassCleanup(shutil.rmtree, cls.html)
        cls.html.chmod(0o755)
        (cls.html / "index.html").write_text("<p>Bienvenue")
        (cls.html / "own.js").write_text("0;")
        super().setUpClass()

    def test_one_page_is_for_every_language(self):
        for language in "en", "ko", "fr":
            answer = self.ask("GET", "/", headers={
                "Accept-Language": language})
            self.assertEqual((answer.status, answer.body),
                             (200, b"<p>Bienvenue"))
        self.assertEqual(self.ask("GET", "/own.js").status, 200)
        for target in "/mine", "/status", "/page.css":
            self.check_problem(self.ask("GET", target), 404, "not-found")

    def test_another_one_may_have_its_own(self):
        for name, target in (("index-ko", "/"), ("status", "/status"),
                             ("mine-ko", "/mine"), ("index-en", "/")):
            page = self.html / f"{name}.html"
            page.write_text(name)
            self.addCleanup(page.unlink)
            language = name.partition("-")[2] or "ko"
            answer = self.ask("GET", target, headers={
                "Accept-Language": language})
            self.assertEqual((answer.status, answer.body.decode()),
                             (200, name))
            self.assertIn("Accept-Language", answer.headers.get_all("Vary"))


class WithoutPage(Site):
    more = 'page = false; public_url = "https://img.example.org";'

    def test_the_page_is_not_there(self):
        for target in ("/", "/mine", "/status", "/page.css", "/index.html"):
            self.check_problem(self.ask("GET", target), 404, "not-found")

    def test_a_refusal_does_not_lead_to_it(self):
        for language in "en", "ko":
            answer = self.ask("POST", "/upload", b"x",
                              {"Accept": "text/html",
                               "Accept-Language": language})
            self.assertEqual(answer.status, 503)
            page = Page(answer.body.decode())
            self.assertEqual(page.lang, language)
            self.assertEqual(len(page.classed("refusal")), 1)
            self.assertFalse([a for _, a in page.elements
                              if "href" in a or "src" in a])

    def test_pictures_of_the_public_address_may_be_shown(self):
        policy = self.ask("GET", "/health/live").headers[
            "Content-Security-Policy"]
        self.assertIn("img-src 'self' blob: data: https://img.example.org;",
                      policy)


class ManyAtOnce(Site):
    """Uploads of one address at once, with a rate that is never reached."""

    rate = 1000
    address = "203.0.113.7"

    def begin(self, address):
        """An upload that stays under way; its first line of an answer."""
        s = socket.create_connection(self.nginx.address, 60)
        self.addCleanup(s.close)
        s.sendall(b"POST /upload HTTP/1.1\r\nHost: x\r\n"
                  b"X-Test-Address: " + address.encode() + b"\r\n"
                  b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n")
        with s.makefile("rb") as f:
            return s, f.readline()

    def fill(self, address):
        uploads = []
        for _ in range(CONNECTIONS):
            s, line = self.begin(address)
            self.assertEqual(line, b"HTTP/1.1 100 Continue\r\n")
            uploads.append(s)
        return uploads

    def post(self, address, accept="*/*", language="en"):
        return self.ask("POST", "/upload", b"x",
                        {"X-Test-Address": address, "Accept": accept,
                         "Accept-Language": language})

    def test_one_too_many_is_refused_until_another_ends(self):
        uploads = self.fill(self.address)
        refused = self.post(self.address)
        problem = self.check_problem(refused, 429, "rate-limited")
        self.assertIn(f"{CONNECTIONS} uploads under way", problem["detail"])
        # The unit of this code's limit is another one.
        self.assertNotIn("limit", problem)
        self.assertNotIn("actual", problem)
        self.assertEqual(refused.headers.get_all("Retry-After"), ["1"])
        for language, word in (
                ("en", f"{CONNECTIONS} under way at once. Wait until"),
                ("ko", f"동시에 {CONNECTIONS}건까지 올릴 수 있습니다. 다른")):
            page = self.post(self.address, "text/html", language)
            self.assertEqual(page.status, 429)
            page = Page(page.body.decode())
            self.assertEqual(page.lang, language)
            self.assertTrue(shown(page, word), page.text)
        # Others may send, and who sends too much may still look.
        self.assertEqual(self.post("203.0.113.8").status, 503)
        thumb = self.ask("GET", f"/t/{ID}/large.jpg",
                         headers={"X-Test-Address": self.address})
        self.assertEqual(thumb.status, 200)
        uploads[0].close()
        end = time.monotonic() + 60
        while (answer := self.post(self.address)).status == 429:
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        self.assertEqual(answer.status, 503)

    def test_this_machine_may_have_any_number(self):
        self.fill("127.0.0.1")
        self.assertEqual(self.post("127.0.0.1").status, 503)


class InAnotherSite(Site):
    """The two files beside a site's own locations, in two server blocks."""

    prefix = "/media"
    server = REAL_IP + """
        add_header X-Site yes always;
        error_page 404 /own-404;
        fastcgi_intercept_errors on;
        expires 1h;
        gzip on;
        gzip_types *;
        location = /own-404 { return 200 "own page"; }
        location = /own { default_type text/plain; return 200 own; }
        location ~ \\.(jpg|css)$ { return 403; }
    """
    sites = """
    server {{
        listen unix:{directory}/second.sock;
        root {directory};
        include fcgi-thumb-server.conf;
    }}
    """

    def test_the_configuration_has_no_warning(self):
        status, words = self.nginx.check()
        self.assertEqual(status, 0, words)
        self.assertNotIn("[", words)

    def test_the_site_s_own_addresses_stay_as_they_are(self):
        answer = request(self.nginx.address, "GET", "/own")
        self.assertEqual((answer.status, answer.body), (200, b"own"))
        self.assertEqual(answer.headers["X-Site"], "yes")
        self.assertNotIn("X-Request-Id", answer.headers)
        answer = request(self.nginx.address, "GET", "/nothing.jpg")
        self.assertEqual(answer.status, 403)
        self.assertNotEqual(answer.headers["Content-Type"],
                            "application/problem+json")

    def test_the_site_s_settings_do_not_reach_the_service(self):
        answer = self.thumb(f"large.jpg?v={RECIPE}")
        self.assertEqual(answer.status, 200)
        self.assertNotIn("X-Site", answer.headers)
        self.assertEqual(answer.headers.get_all("Cache-Control"),
                         ["public, max-age=31536000, immutable"])
        self.assertNotIn("Expires", answer.headers)
        self.check_problem(self.thumb("none.jpg"), 404, "not-found")
        own = self.ask("GET", f"/t/{ID}/large.jpg", headers=PACKED)
        self.assertNotIn("Content-Encoding", own.headers)
        self.peer("photo", b"Status: 404\r\n\r\nits own")
        self.assertEqual(self.ask("POST", "/upload", b"x").body, b"its own")

    def test_the_second_server_has_it_too(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.directory / "second.sock"))
            s.sendall(f"GET /media/t/{ID}/large.jpg HTTP/1.0\r\n\r\n".encode())
            self.assertTrue(s.makefile("rb").readline().startswith(
                b"HTTP/1.1 200"))

    def test_a_client_on_a_unix_socket_is_of_this_machine(self):
        for target, status in (("health/ready", b"503"), ("metrics", b"503"),
                               ("upload", b"503")):
            for _ in range(12 * RATE):
                with socket.socket(socket.AF_UNIX) as s:
                    s.connect(str(self.directory / "second.sock"))
                    method = "POST" if target == "upload" else "GET"
                    s.sendall(f"{method} /media/{target} HTTP/1.0\r\n"
                              "Content-Length: 0\r\n\r\n".encode())
                    line = s.makefile("rb").readline()
                    self.assertEqual(line.split()[1], status)


class Configuration(unittest.TestCase):
    """thumbctl, and nginx's opinion of what it makes."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="ft-nginx."))
        self.addCleanup(shutil.rmtree, self.directory)

    def thumbctl(self, *arguments):
        done = subprocess.run([THUMBCTL, *arguments], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout, done.stderr

    def test_every_shape_of_settings_is_clean(self):
        for i, (prefix, more) in enumerate((
                ("", ""), ("/media", ""), ("/a/b.c", "page = false;"),
                ("", 'public_url = "http://[::1]:81";'),
                ("", 'cors_origins = [ "*" ];'),
                ("/v1.0", """cors_origins = [ "https://a.example",
                          "http://[::1]:81" ];
                          trusted_proxies = [ "10.0.0.0/8", "::1" ];
                          upload_auth = "request"; auth_request = "/a";"""),
                ("", "cors_origins = [ %s ];" % ", ".join(
                    f'"https://{i}{"x" * 200}.example"' for i in range(32))))):
            with self.subTest(prefix + more):
                settings = write_settings(self.directory, prefix, more)
                nginx = Nginx(settings, self.directory / str(i))
                nginx.configure()
                status, words = nginx.check()
                self.assertEqual(status, 0, words)
                self.assertNotIn("[", words)

    def test_all_files_of_the_pages_are_installed(self):
        makefile = (TOP / "Makefile.am").read_text()
        self.assertEqual(
            sorted(re.findall(r"\tnginx/html/(\S+)", makefile)),
            sorted(path.name for path in HTML.iterdir()))

    def test_without_a_log_directory_the_site_s_access_log_stays(self):
        settings = write_settings(self.directory)
        settings.write_text(re.sub('logs = "[^"]*"', 'logs = ""',
                                   settings.read_text()))
        log = self.directory / "site.log"
        nginx = Nginx(settings, self.directory / "n",
                      server=f"access_log {log};").start()
        self.addCleanup(nginx.stop)
        answer = request(nginx.address, "GET", "/health/live")
        self.assertEqual(answer.status, 200)
        end = time.monotonic() + 60
        while "GET /health/live" not in log.read_text():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.02)
        self.assertEqual(list((self.directory / "logs").iterdir()), [])

    def example_site(self, uncomment=None):
        """It runs; with the lines that begin so and are commented out."""
        settings = write_settings(self.directory)
        nginx = Nginx(settings, self.directory / "n")
        nginx.configure()
        (self.directory / "n" / "fcgi-thumb").symlink_to(".")
        site = (TEMPLATES / "example-site.conf").read_text()
        if uncomment:
            site, lines = re.subn(rf"(?m)^\t#({uncomment} .*;)$", r"\t\1",
                                  site)
            self.assertGreater(lines, 0)
        site = re.sub(r"listen \S*80;", "", site).replace(
            "server_name", f"listen 127.0.0.1:{nginx.port}; server_name")
        conf = self.directory / "n" / "nginx.conf"
        text = conf.read_text()
        conf.write_text(
            text[:text.index("include fcgi-thumb-http")] +
            "access_log off;\n" + site + "}\n")
        status, words = nginx.check()
        self.assertEqual(status, 0, words)
        self.assertNotIn("[", words)
        self.addCleanup(nginx.stop)
        return nginx.run()

    def test_the_example_site_works(self):
        nginx = self.example_site()
        answer = request(nginx.address, "GET", "/health/live")
        self.assertEqual(answer.status, 200)

    def test_the_example_site_can_say_in_json_what_has_no_address(self):
        nginx = self.example_site("error_page")
        for data, status, code in (
                (b"noise\r\n\r\n", 400, "bad-request"),
                (b"GET /" + b"a" * 40000 + b" HTTP/1.1\r\n\r\n", 400,
                 "bad-request"),
                (b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 405,
                 "method-not-allowed")):
            with self.subTest(data[:9]):
                head, _, body = raw(nginx.address, data).partition(
                    b"\r\n\r\n")
                self.assertIn(b" %d " % status, head.splitlines()[0])
                self.assertEqual(json.loads(body)["code"], code)

    def test_thumbctl_alone_lists_its_commands(self):
        for arguments in ((), ("-h",)):
            status, out, _ = self.thumbctl(*arguments)
            self.assertEqual(status, 0)
            self.assertIn("nginx-conf", out)
        self.assertRegex(self.thumbctl("-V")[1], r"^thumbctl \d+\.\d+")

    def test_wrong_use_and_wrong_settings_have_their_status(self):
        good = str(write_settings(self.directory))
        bad = self.directory / "bad.conf"
        bad.write_text("workerz = 3;\n")
        out = self.directory / "out"
        out.mkdir()
        for arguments, status, words in (
                (("-x",), 64, ""),
                (("-c",), 64, ""),
                (("nonsense",), 64, "nonsense"),
                (("nginx-conf",), 64, "usage"),
                (("nginx-conf", str(out), "more"), 64, "usage"),
                (("nginx-conf", "--nonsense", str(out)), 64, "usage"),
                (("nginx-conf", "--standalone", "0", str(out)), 64, "usage"),
                (("nginx-conf", "--standalone", "65536", str(out)), 64, ""),
                (("nginx-conf", "--standalone", "80x", str(out)), 64, ""),
                (("-c", str(bad), "nginx-conf", str(out)), 78, "workerz"),
                (("-c", "/nonexistent", "nginx-conf", str(out)), 78,
                 "/nonexistent"),
                (("-c", good, "nginx-conf", "--templates", "/nonexistent",
                  str(out)), 1, "/nonexistent/http.conf.in"),
                (("-c", good, "nginx-conf", "--templates", str(TEMPLATES),
                  "/nonexistent"), 1, "/nonexistent")):
            with self.subTest(arguments):
                got, _, errors = self.thumbctl(*arguments)
                self.assertEqual(got, status, errors)
                self.assertIn(words, errors)
                self.assertEqual(list(out.iterdir()), [])

    def test_files_appear_whole_and_readable_or_stay_as_they_were(self):
        settings = str(write_settings(self.directory))
        out = self.directory / "out"
        out.mkdir()
        make = ("-c", settings, "nginx-conf", "--templates")
        old_mask = os.umask(0o077)
        self.addCleanup(os.umask, old_mask)
        self.assertEqual(self.thumbctl(*make, TEMPLATES, out), (0, "", ""))
        names = ["fcgi-thumb-http.conf", "fcgi-thumb-server.conf"]
        self.assertEqual(sorted(os.listdir(out)), names)
        for name in names:
            self.assertEqual((out / name).stat().st_mode & 0o777, 0o644)
        before = [(out / name).read_bytes() for name in names]
        broken = self.directory / "broken"
        shutil.copytree(TEMPLATES, broken)
        (broken / "http.conf.in").write_text("new\n")
        (broken / "server.conf.in").write_text("@nonsense@\n")
        status, _, errors = self.thumbctl(*make, broken, out)
        self.assertEqual(status, 1)
        self.assertIn("server.conf.in:1: unknown @nonsense@", errors)
        self.assertEqual([(out / name).read_bytes() for name in names], before)
        self.assertEqual(sorted(os.listdir(out)), names)
        self.assertEqual(
            self.thumbctl(*make, TEMPLATES, "--standalone", "8080", out)[0], 0)
        self.assertEqual(sorted(os.listdir(out)), [*names, "nginx.conf"])


if __name__ == "__main__":
    unittest.main()
