"""thumbctl site: from a package that is installed to a site that serves, and
back, without a change to anything that others made."""

import json
import os
import shlex
import shutil
import stat
import subprocess

from case import NotHere
from nginx import PROGRAM, TEMPLATES, THUMBCTL
from service import PICTURES, keep_secret
from test_processes import OwnService

# As Debian's nginx-common has it.
FIRST_PAGE = """##
# You should look at the following URL's in order to grasp a solid understanding
##
server {
	listen 80 default_server;
	listen [::]:80 default_server;

	# SSL configuration
	#
	# listen 443 ssl default_server;

	root /var/www/html;

	# Add index.php to the list if you are using PHP
	index index.html index.htm index.nginx-debian.html;

	server_name _;

	location / {
		# First attempt to serve request as file, then
		# as directory, then fall back to displaying a 404.
		try_files $uri $uri/ =404;
	}

	#location ~ \\.php$ {
	#}
}
"""

NGINX_CONF = """user root;
daemon off;
pid nginx.pid;
worker_processes 1;
events {{ }}
http {{
	client_body_temp_path body; fastcgi_temp_path fastcgi;
	proxy_temp_path proxy; scgi_temp_path scgi; uwsgi_temp_path uwsgi;
	access_log off;
	include {sites};
}}
"""

SHOP = "server { listen 80; server_name shop.example; return 204; }\n"


class Network:
    """One of its own, in which any port is free and nobody else's."""

    def __init__(self):
        ip = shutil.which("ip", path="/sbin:/usr/sbin:/bin:/usr/bin")
        self.process = subprocess.Popen(
            ["unshare", "--user", "--map-root-user", "--net", "sh", "-c",
             f"{ip} link set lo up && echo up && exec sleep 600"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True)
        if self.process.stdout.readline() != "up\n":
            raise NotHere("no private network: "
                          + self.process.communicate()[1].strip())

    def inside(self, *command):
        return ["nsenter", "--target", str(self.process.pid), "--user",
                "--net", "--preserve-credentials", "--", *command]

    def stop(self):
        self.process.kill()
        self.process.communicate()


class Site(OwnService):
    def start(self, sites="sites-enabled/*"):
        """The service, and an nginx with the directories of a distribution."""
        service = super().start()
        self.conf = service.settings_file
        self.conf.write_text("# Mine.\n" + self.conf.read_text()
                             + "upload_auth = \"none\"; // for now\n")
        self.conf.chmod(0o640)
        self.tree = service.directory / "etc"
        (self.tree / sites).parent.mkdir(parents=True)
        if sites.startswith("sites"):
            (self.tree / "sites-available").mkdir()
            (self.tree / "sites-available/default").write_text(FIRST_PAGE)
            (self.tree / "sites-enabled/default").symlink_to(
                self.tree / "sites-available/default")
        (self.tree / "nginx.conf").write_text(NGINX_CONF.format(sites=sites))
        self.network = Network()
        self.addCleanup(self.network.stop)
        return service

    def nginx_words(self):
        return [PROGRAM, "-p", f"{self.tree}/", "-c", "nginx.conf", "-e",
                f"{self.service.directory}/nginx-error"]

    def start_nginx(self):
        process = subprocess.Popen(self.network.inside(*self.nginx_words()),
                                   stdin=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)

        def stop():
            process.terminate()
            process.wait(60)

        self.addCleanup(stop)
        self.curl("http://localhost/", "--retry", "50", "--retry-connrefused",
                  "--retry-delay", "0", "--retry-max-time", "60")

    def site(self, act, *more, before=()):
        return subprocess.run(
            self.network.inside(
                *before, THUMBCTL, "-c", self.conf, "site", act, *more,
                "--nginx-dir", self.tree, "--templates", TEMPLATES,
                "--nginx", shlex.join(self.nginx_words())),
            stdin=subprocess.DEVNULL, capture_output=True, text=True)

    def assert_done(self, done, *words):
        self.assertEqual(done.returncode, 0, done.stderr)
        for some in words:
            self.assertIn(some, done.stdout)

    def curl(self, url, *more):
        """(status, body)"""
        done = subprocess.run(
            self.network.inside("curl", "-sS", "--max-time", "60", "-w",
                                "\n%{http_code}", *more, url),
            stdin=subprocess.DEVNULL, capture_output=True, text=True)
        body, _, status = done.stdout.rpartition("\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        return int(status), body

    def upload(self, url="http://localhost/upload", *more):
        return self.curl(url, "-F", f"a=@{PICTURES}/gray.jpg", *more)

    def snapshot(self):
        """All of the tree and of the settings, byte for byte."""
        paths = [self.conf, *self.conf.parent.glob("fcgi-thumb.conf*"),
                 *self.tree.rglob("*")]
        return {str(path): os.readlink(path) if path.is_symlink()
                else path.read_bytes() if path.is_file() else None
                for path in paths
                if path.name not in ("nginx.pid", "body", "fastcgi", "proxy",
                                     "scgi", "uwsgi")}

    def assert_refused(self, done, before, *words, status=1):
        self.assertEqual(done.returncode, status, done.stderr)
        for some in words:
            self.assertIn(some, done.stderr)
        self.assertEqual(self.snapshot(), before)

    def test_on_beside_debian_s_first_page_and_off(self):
        self.start()
        self.start_nginx()
        before = self.snapshot()
        self.assertEqual(self.site("status").returncode, 1)
        self.assertEqual(self.upload()[0], 404)
        self.assert_done(self.site("enable", "--open"),
                         "http://localhost/ takes photos from everybody")
        status = self.site("status")
        self.assert_done(status, "as it was made", "what the settings make",
                         "from everybody")
        self.assertIn(f"enabled  {self.tree}/sites-enabled/fcgi-thumb: yes",
                      status.stdout)
        code, body = self.upload()
        self.assertEqual(code, 201)
        url = json.loads(body)["photos"][0]["variants"][0]["url"]
        host = os.uname().nodename
        for name in ("localhost", "127.0.0.1", "[::1]", "192.0.2.7", host,
                     *([] if "." in host else [host + ".example.org"])):
            with self.subTest(name):
                self.assertEqual(self.curl("http://localhost" + url, "-o",
                                           "/dev/null", "-H",
                                           f"Host: {name}")[0], 200)
        self.assertEqual(self.upload("http://[::1]/upload")[0], 200)
        self.assertEqual(self.curl("http://localhost" + url, "-H",
                                   "Host: other.example")[0], 404)
        with self.subTest("once more"):
            self.assert_done(self.site("enable", "--open"))
        after = self.snapshot()
        self.assertEqual({path for path in after if path not in before},
                         {str(self.tree / name) for name in (
                             "fcgi-thumb", "sites-available/fcgi-thumb",
                             "sites-enabled/fcgi-thumb",
                             "fcgi-thumb/fcgi-thumb-http.conf",
                             "fcgi-thumb/fcgi-thumb-server.conf")})
        self.assertEqual({path: after[path] for path in before}, before)
        with self.subTest("off"):
            self.assert_done(self.site("disable"), "is off")
            self.assertEqual(self.curl("http://localhost" + url)[0], 404)
            left = self.snapshot()
            self.assertIsNotNone(left.pop(
                str(self.tree / "sites-available/fcgi-thumb")))
            self.assertEqual(left, before)
            self.assertEqual(self.site("status").returncode, 1)
            self.assert_done(self.site("disable"), "off already")

    def test_without_open_a_token_is_wanted(self):
        service = self.start()
        self.start_nginx()
        old = self.conf.read_text()
        before = self.snapshot()
        self.conf.write_text(old + 'upload_secret = "/no/such";\n')
        self.assert_refused(
            self.site("enable"), before | {str(self.conf):
                                           self.conf.read_bytes()},
            "without --open", "/no/such", status=78)
        keep_secret(service)  # which writes settings of its own
        old += f'upload_secret = "{service.settings["upload_secret"]}";\n'
        self.conf.write_text(old)
        self.conf.chmod(0o640)
        self.assert_done(self.site("enable"), "with an upload token",
                         "`thumbctl token`")
        self.assertEqual(self.conf.read_text(), old.replace(
            'upload_auth = "none"; // for now',
            'upload_auth = "token"; // for now'))
        self.assertEqual(stat.S_IMODE(self.conf.stat().st_mode), 0o640)
        self.assertEqual(self.upload()[0], 403)
        token = service.thumbctl("token").stdout.strip()
        self.assertEqual(self.upload(
            "http://localhost/upload", "-H",
            f"Authorization: Bearer {token}")[0], 201)
        self.assert_done(self.site("enable", "--open"), "everybody")
        self.assertEqual(self.conf.read_text(), old)
        self.assertEqual(self.upload()[0], 200)

    def test_other_sites_keep_their_requests(self):
        service = self.start()
        (self.tree / "sites-enabled/shop").write_text(SHOP)
        self.start_nginx()
        before = self.snapshot()
        self.assert_refused(self.site("enable", "--open"), before,
                            "sites-enabled/shop", "--name")
        for name in "a b", "-a", ".a", "a..b", "a;b", "", "a/b", "$host":
            self.assert_refused(self.site("enable", "--name", name), before,
                                "--name is a host", status=64)
        self.assert_done(self.site("enable", "--open", "--name",
                                   "photos.example", "--name", "a.example"),
                         "http://photos.example/")
        self.assertEqual(self.upload()[0], 404)
        for name in "photos.example", "a.example":
            self.assertIn(self.upload("http://localhost/upload", "-H",
                                      f"Host: {name}")[0], (200, 201))
        # By IPv6, where it does not listen, it was the first page before.
        self.assertEqual(self.curl("http://127.0.0.1/", "-H",
                                   "Host: shop.example")[0], 204)
        with self.subTest("nor those that come by IPv6"):
            site = self.tree / "sites-available/fcgi-thumb"
            self.assertIn("[::]", site.read_text())
            (self.tree / "sites-enabled/default").unlink()
            self.assert_done(self.site("enable", "--open"))
            self.assertNotIn("[::]", site.read_text())
        with self.subTest("made anew it keeps its names"):
            before = self.snapshot()
            self.assert_done(self.site("enable", "--open"),
                             "http://photos.example/")
            self.assertEqual(self.snapshot(), before)
        keys = subprocess.run(
            [service.command()[0], "-T", "-c", self.conf],
            capture_output=True, text=True).stdout
        if "\nprobe_url" in keys:
            self.assertIn('probe_url = "http://photos.example";', keys)
            self.assertIn('probe_connect = "127.0.0.1";', keys)

    def test_a_site_that_has_the_service_already(self):
        self.start()
        (self.tree / "sites-enabled/mine").write_text(
            "include fcgi-thumb/fcgi-thumb-http.conf;\n" + SHOP)
        before = self.snapshot()
        self.assert_refused(self.site("enable", "--open", "--name", "a"),
                            before, "sites-enabled/mine", "already")

    def test_what_others_made_stays(self):
        self.start()
        self.start_nginx()
        link = self.tree / "sites-enabled/fcgi-thumb"
        file = self.tree / "sites-available/fcgi-thumb"
        link.write_text("# mine\n")
        before = self.snapshot()
        for act in "enable", "disable":
            self.assert_refused(self.site(act), before, "move it away")
        link.unlink()
        self.assert_done(self.site("enable", "--open"))
        edited = file.read_text().replace("localhost", "mine.example", 1)
        file.write_text(edited)
        self.assert_done(self.site("status"), "changed by hand")
        done = self.site("enable", "--open")
        self.assert_done(done, "is on")
        self.assertIn("changed by hand and stays", done.stderr)
        self.assertEqual(file.read_text(), edited)
        self.assertEqual(self.upload("http://localhost/upload", "-H",
                                     "Host: mine.example")[0], 201)
        self.assert_done(self.site("disable"))
        self.assertEqual(file.read_text(), edited)

    def test_a_refusal_leaves_all_as_it_was(self):
        service = self.start()
        keep_secret(service)
        self.start_nginx()
        conf = self.tree / "nginx.conf"
        good = conf.read_text()
        conf.write_text(good + "nonsense;\n")
        before = self.snapshot()
        self.assert_refused(self.site("enable"), before, "nonsense",
                            "nginx refuses")
        conf.write_text(good)
        self.conf.write_text(self.conf.read_text().replace(
            str(service.data), "/proc/no-such-place"))
        before = self.snapshot()
        self.assert_refused(self.site("enable", "--open"), before,
                            "refuses these settings")
        with self.subTest("off is refused as well"):
            self.conf.write_text(self.conf.read_text().replace(
                "/proc/no-such-place", str(service.data)))
            self.assert_done(self.site("enable", "--open"))
            conf.write_text(good + "nonsense;\n")
            before = self.snapshot()
            self.assert_refused(self.site("disable"), before, "nonsense")

    def test_where_sites_are_in_conf_d(self):
        self.start("conf.d/*.conf")
        (self.tree / "conf.d/gzip.conf").write_text("gzip on;\n")
        before = self.snapshot()
        done = self.site("enable", "--open", "--port", "8080", before=[
            "unshare", "--pid", "--fork", "--mount-proc"])
        self.assert_done(done, "nginx does not run", "no service runs",
                         "http://localhost:8080/")
        self.assert_done(self.site("enable", "--open", before=[
            "unshare", "--pid", "--fork", "--mount-proc"]),
            "http://localhost:8080/")
        self.assertEqual(os.readlink(self.tree / "conf.d/fcgi-thumb.conf"),
                         "../fcgi-thumb/site.conf")
        process = subprocess.Popen(self.network.inside(*self.nginx_words()),
                                   stdin=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.terminate)
        self.assertEqual(self.upload(
            "http://localhost:8080/upload", "--retry", "50",
            "--retry-connrefused", "--retry-delay", "0")[0], 201)
        self.assert_done(self.site("disable"), "is off")
        left = self.snapshot()
        self.assertEqual(set(left) - set(before), {
            str(self.tree / "fcgi-thumb"),
            str(self.tree / "fcgi-thumb/site.conf")})
        shutil.rmtree(self.tree / "conf.d")
        self.assert_refused(self.site("enable"), self.snapshot(),
                            "neither sites-enabled nor conf.d")
