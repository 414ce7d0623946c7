"""Two masters on one store, and nginx that parts the users between them: who
comes to which, what the logs and numbers say of it, and a change of the route
that happens whole or not at all."""

import json
import os
import socket

import nginx
from case import Load
from nginx import TEMPLATES, THUMBCTL
from service import (PROGRAM, Master, Service, children, libconfig, multipart,
                     picture, variation, wait_until)
from test_processes import OwnService

SALT = "abcdefghij23"
CUSTOMERS = 150
TINY = [{"name": "tiny", "width": 40, "height": 40}]
CLAIMS = "/photos/" + "a" * 26 + "/claims"


def other(slot):
    return "blue" if slot == "green" else "green"


class Slots(Service):
    """A service with releases: its own master does not run, but one of blue and
    one of green, both of the version that is tested."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.releases = self.directory / "releases"
        self.state = {}
        self.slots = {}
        self.write_settings(releases=True, release_dir=self.releases)
        version = self.releases / "versions" / "1.0"
        for part in "sbin", "share":
            (version / part).mkdir(parents=True)
        for program in PROGRAM, THUMBCTL:
            (version / "sbin" / program.name).symlink_to(program)
        (version / "share" / "nginx").symlink_to(TEMPLATES)
        for slot in "blue", "green":
            self.make_slot(slot, version)

    def make_slot(self, slot, version):
        (self.run / slot).mkdir()
        (self.releases / slot).mkdir()
        (self.releases / slot / "version").symlink_to(version)
        self.slot_file(slot).write_text(self.settings_file.read_text().replace(
            f'run = "{self.run}"', f'run = "{self.run}/{slot}"') +
            f"slot = {libconfig(slot)};\n")

    def slot_file(self, slot):
        return self.releases / slot / "fcgi-thumb.conf"

    def write_state(self, active, share=None, **run):
        """One slot serves; with a share (of 10000) a rollout to the other is
        under way."""
        self.state = {"format": 1, "active": active, "slots": {
            slot: {"version": "1.0"} for slot in ("blue", "green")}}
        if share is not None:
            self.state["run"] = {
                "how": "rollout", "id": SALT, "from": active,
                "to": other(active), "by_what": "customer",
                "steps": [share or 1], "step": 0, "share": share, **run}
        new = self.releases / "state.new"
        new.write_text(json.dumps(self.state))
        new.rename(self.releases / "state.json")

    def start_slot(self, slot):
        self.slots[slot] = Master([PROGRAM, "-c", self.slot_file(slot)],
                                  self.errors_file)
        self.masters.append(self.slots[slot])

    def start(self):
        self.write_state("blue")
        try:
            for slot in "blue", "green":
                self.start_slot(slot)
            self.nginx.start()
            for slot in "blue", "green":
                wait_until(f"{slot} is up", lambda: self.get(
                    f"/metrics/{slot}").status == 200)
        except BaseException:
            print(self.words())
            self.stop()
            raise
        return self

    def route(self):
        """(the link, its file)."""
        link = self.releases / "route.conf"
        return os.readlink(link), link.read_text()

    def turn(self, *state, **run):
        """The route of this state into force, as thumbctl makes it."""
        self.write_state(*state, **run)
        (self.releases / "route.conf").unlink()
        before = set(children(self.nginx.process.pid))
        self.nginx.reload()
        wait_until("nginx's workers are new", lambda: not (
            before & set(children(self.nginx.process.pid))))

    def apply(self, *more, program=None):
        return self.thumbctl(
            "apply", "--nginx", program or " ".join(self.nginx.command()),
            *more, self.nginx.directory)

    def served(self, answers):
        """The slots that nginx's log has for these answers."""
        ids = [answer.headers["X-Request-Id"] for answer in answers]

        def look():
            slots = {line["id"]: line["slot"] for line in self.access()}
            return all(one in slots for one in ids) and slots

        slots = wait_until("nginx's lines", look)
        return [slots[one] for one in ids]

    def send(self, headers=(), address="127.0.0.1"):
        """A request for any worker, from this address."""
        return nginx.request(
            self.nginx.address, "POST", CLAIMS, b"sha256=0",
            dict(headers), connect=lambda to, timeout:
            socket.create_connection(to, timeout, (address, 0)))

    def on_green(self, send):
        """Of send(0), send(1) .. those that come to green."""
        slots = self.served([send(i) for i in range(CUSTOMERS)])
        return {i for i, slot in enumerate(slots) if slot == "green"}

    def cookie(self, i, name="fcgi_thumb_customer"):
        return self.send({"Cookie": f"a=b; {name}=visitor{i}"})


class Case(OwnService):
    def start(self, **settings):
        self.service = Slots(**settings).start()
        self.addCleanup(self.service.stop)
        return self.service


class Shares(Case):
    def test_customers_come_to_a_slot_and_stay(self):
        service = self.start(release_cookie="who")

        def by_cookie(i):
            return service.cookie(i, "who")

        def by_address(i):
            return service.send(address=f"127.1.{i % 5}.{i}")

        self.assertEqual(service.on_green(by_cookie), set())
        before = {by_cookie: set(), by_address: set()}
        for share, least, most in ((500, 1, 20), (2500, 20, 60),
                                   (5000, 50, 100)):
            service.turn("blue", share)
            self.assertNotIn("[warn]", service.nginx.check()[1])
            for send, had in before.items():
                with self.subTest(share, by=send.__name__):
                    green = service.on_green(send)
                    self.assertTrue(least <= len(green) <= most, len(green))
                    # Nobody who was there has left it.
                    self.assertEqual(had - green, set())
                    before[send] = green
        with self.subTest("the same come again, whatever their address is"):
            self.assertEqual(service.on_green(lambda i: service.send(
                {"Cookie": f"who=visitor{i}"}, f"127.2.0.{i}")),
                before[by_cookie])
        with self.subTest("another release begins with others"):
            service.turn("blue", 2500, id="zyxwvutsrq76")
            self.assertFalse(service.on_green(by_cookie)
                             <= before[by_cookie])
        with self.subTest("all of them"):
            service.turn("blue", 10000)
            self.assertEqual(len(service.on_green(by_cookie)), CUSTOMERS)

    def test_each_request_for_itself(self):
        service = self.start()
        service.turn("blue", 5000, by_what="request")
        green = service.on_green(lambda i: service.cookie(0))
        self.assertTrue(40 <= len(green) <= 110, len(green))


class Words(Case):
    def test_logs_and_numbers_say_which_slot_it_was(self):
        service = self.start()
        # One half by cookie; all that is about the service to who is active.
        service.turn("blue", 5000)
        photos = {}
        for i in range(30):
            answer = service.upload(
                ("a.jpg", variation(picture("gray.jpg"), i)),
                headers={"Cookie": f"fcgi_thumb_customer=v{i}"})
            self.assertEqual(answer.status, 201, answer.body)
            photos[service.served([answer])[0]] = answer
            if len(photos) == 2:
                break
        self.assertEqual(sorted(photos), ["blue", "green"])
        for slot, answer in photos.items():
            request = answer.headers["X-Request-Id"]
            line = wait_until("its line", lambda: next(
                (line for line in service.journal()
                 if line["request"] == request), None))
            self.assertEqual(line["slot"], slot)
            done = service.thumbctl("log", "--request", request)
            self.assertRegex(done.stdout, f" to {slot}: 201 in")
            self.assertRegex(done.stdout, f" of version [^ ]+ in {slot}: 201")
            self.assertIn(f"fcgi-thumb@{slot}: ready", service.log())

        for path, slot in (("", "blue"), ("/blue", "blue"),
                           ("/green", "green")):
            answer = service.get("/metrics" + path)
            self.assertEqual(answer.status, 200)
            text = answer.body.decode()
            self.assertRegex(
                text, rf'fcgi_thumb_build_info\{{.*slot="{slot}"\}} 1\n')
            for one in "blue", "green":
                self.assertIn("fcgi_thumb_release_share{"
                              f'slot="{one}",version="1.0"}} 0.5000\n', text)
            self.assertEqual(service.served([answer]), [slot])
        self.assertEqual(service.served([service.get("/health/ready")]),
                         ["blue"])
        self.assertEqual(service.get("/metrics/none").status, 404)
        self.assertEqual(service.get("/metrics/blue/x").status, 404)
        self.assertEqual(service.request("POST", "/metrics/blue").status, 405)
        self.check_doctor()

    def findings(self):
        done = self.service.thumbctl(
            "doctor", "--nginx", " ".join(self.service.nginx.command()))
        return [line for line in done.stdout.splitlines()
                if " releases: " in line or " service: " in line]

    def check_doctor(self):
        """What thumbctl doctor says of a rollout."""
        service = self.service
        found = self.findings()
        self.assertIn("ok    releases: under way: rollout to green, 50.00 %",
                      found)
        self.assertRegex("\n".join(found), "ok    releases: blue serves")
        self.assertIn(f"ok    service: process {service.slots['blue'].pid}, "
                      "with these settings", found)
        service.write_state("blue", 2500, deadline="2026-01-02T03:04:05.000Z")
        service.releases.chmod(0o777)
        found = "\n".join(self.findings())
        self.assertRegex(found, "FAULT releases: .*releases .mode 0777.*"
                         " -- chmod 755 ")
        service.releases.chmod(0o755)
        found = "\n".join(self.findings())
        self.assertRegex(found, "FAULT releases: the rollout to green was "
                         "given up [0-9]+ minutes ago.* -- thumbctl release")
        self.assertRegex(found, r"FAULT releases: nginx is told blue, and "
                         r"50\.00 % to green; the state says blue, and 25\.00 "
                         "% to green.* -- thumbctl release abort")
        service.write_settings(log_access="syslog")
        self.assertRegex("\n".join(self.findings()), "FAULT releases: "
                         "nginx's lines are not in a file.* -- log_access = ")


class Apply(Case):
    def pid_file(self, slot):
        return (self.service.run / slot / "fcgi-thumb.pid").read_text()

    def everything(self):
        """All that a refusal must leave as it is."""
        service = self.service
        return (service.route(), self.pid_file("blue"), self.pid_file("green"),
                [service.slot_file(slot).read_text()
                 for slot in ("blue", "green")],
                sorted((service.releases / "routes").iterdir()),
                [(service.nginx.directory / f"fcgi-thumb-{name}.conf")
                 .read_text() for name in ("http", "server")])

    def test_settings_come_into_the_slot_that_serves(self):
        service = self.start()
        green = self.pid_file("green"), service.slot_file("green").read_text()
        service.write_settings(presets=TINY)
        done = service.apply()
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(f"(process {service.slots['blue'].pid})", done.stdout)
        answer = service.upload(("a.png", picture("rgb.png")))
        photo = json.loads(answer.body)["photos"][0]
        self.assertEqual([v["preset"] for v in photo["variants"]], ["tiny"])
        self.assertEqual(service.get_url(photo["variants"][0]["url"]).status,
                         200)
        self.assertEqual((self.pid_file("green"),
                          service.slot_file("green").read_text()), green)
        state = json.loads((service.releases / "state.json").read_text())
        self.assertEqual(state["slots"]["blue"]["digest"],
                         self.pid_file("blue").splitlines()[1])

        with self.subTest("nginx refuses"):
            before = self.everything()
            service.write_settings(presets=TINY, workers=3)
            service.write_state("green")  # so that the route is to turn too
            conf = service.nginx.directory / "nginx.conf"
            good = conf.read_text()
            conf.write_text(good + "nonsense;\n")
            done = service.apply()
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("nginx refuses", done.stderr)
            self.assertEqual(self.everything(), before)
            conf.write_text(good)
        with self.subTest("the master refuses"):
            service.write_state("blue")
            service.write_settings(data="/dev/null/store")
            done = service.apply()
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("refuses these settings", done.stderr)
            after = self.everything()
            # The pid file says what was refused.
            self.assertEqual(after[:1] + after[2:], before[:1] + before[2:])
        with self.subTest("a release is under way"):
            service.write_state("blue", 500)
            before = self.everything()
            done = service.apply()
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn("a rollout to green is under way", done.stderr)
            self.assertEqual(self.everything(), before)
        with self.subTest("nobody would serve"):
            service.write_state("blue")
            service.write_settings(data=service.data, releases=False)
            done = service.apply()
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("to a service that does not run", done.stderr)
            self.assertEqual(self.everything(), before)

    def test_turning_the_route_under_load(self):
        service = self.start(workers=1)
        photo = variation(picture("gray.jpg"), "slow")
        body, content_type = multipart([("a.jpg", photo)])
        with socket.create_connection(service.nginx.address, 60) as slow, \
                Load(service, clients=2) as load:
            # One upload is under way all the time.
            slow.sendall((
                "POST /upload HTTP/1.0\r\nContent-Type: " + content_type +
                f"\r\nContent-Length: {len(body)}\r\n\r\n").encode() +
                body[:100])
            load.wait_for(5)
            for i in range(6):
                service.write_state(("green", "blue")[i % 2])
                done = service.apply()
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                load.wait_for(3)
            slow.sendall(body[100:])
            answer = b""
            while piece := slow.recv(65536):
                answer += piece
        self.assertIn(b" 201 ", answer.splitlines()[0])
        self.assert_all_taken(load)
        slots = service.served(load.answers)
        self.assertEqual(set(slots), {"blue", "green"})
        mine = json.loads(answer.partition(b"\r\n\r\n")[2])["photos"][0]["id"]
        line = next(line for line in service.journal()
                    for one in line["photos"] if one.get("id") == mine)
        self.assertEqual(line["slot"], "blue")  # where it began
        # The one in force and the one before.
        files = sorted(path.name for path
                       in (service.releases / "routes").iterdir())
        self.assertEqual(len(files), 2, files)
        self.assertIn(os.path.basename(service.route()[0]), files)
        self.assert_nothing_left()
