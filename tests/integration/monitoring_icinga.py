# SPDX-License-Identifier: GPL-3.0-or-later
"""Icinga 2 with private directories, seen through its API."""

import base64
import http.client
import json
import os
import shutil
import ssl
import time
import urllib.parse

from certificates import issue
from daemon import free_ports
from monitoring_site import SHIPPED, Monitor
from peer_root import USERS

PASSWORD = "only for this run"


class Icinga(Monitor):
    name = "icinga2"
    node, zone = "icinga-master.example.org", "master"

    def __init__(self, root, plugin, servers):
        super().__init__(root, plugin, servers)
        self.port = free_ports(1)[0]
        self.tls = self.api = None

    # --- configuration ----------------------------------------------------------------------

    def configure(self):
        for name in ("data", "data/certs", "cache", "log", "spool", "run", "zones.d"):
            self.own(name)
        self.make_authority()
        self.certify(self)
        (self.home / "shipped").mkdir()
        for path in SHIPPED.glob("icinga2*.conf"):
            (self.home / "shipped" / path.name).write_bytes(path.read_bytes())
        (self.home / "icinga2.conf").write_text(f"""
const PluginDir = "{self.plugins}"
include <itl>
include <plugins>
{self.application()}
object CheckerComponent "checker" {{ }}
object ApiListener "api" {{
  bind_host = "127.0.0.1"
  bind_port = "{self.port}"
  accept_config = true
  accept_commands = true
}}
object ApiUser "test" {{
  password = "{PASSWORD}"
  permissions = [ "*" ]
}}
{self.objects()}
""")

    @staticmethod
    def application():
        # Only forced checks run: what runs is known, and hosts of the examples are left alone.
        return """object IcingaApplication "app" {
  enable_host_checks = false
  enable_service_checks = false
}"""

    def objects(self):
        raise NotImplementedError

    def command(self, *words):
        """A call of icinga2 with the private directories."""
        folders = {"ConfigDir": "", "ZonesDir": "/zones.d", "DataDir": "/data",
                   "CacheDir": "/cache", "LogDir": "/log", "SpoolDir": "/spool",
                   "InitRunDir": "/run"}
        constants = {name: self.inside + path for name, path in folders.items()}
        constants |= {"RunAsUser": "nagios", "RunAsGroup": "nagios", "NodeName": self.node,
                      "ZoneName": self.zone}
        program = self.program("/usr/lib/*/icinga2/sbin/icinga2")
        return [program, *words] + [f"-D{name}={value}" for name, value in constants.items()]

    def make_authority(self):
        (self.home / "ca").mkdir()
        issue(self.home / "ca", "ca", "ecdsa", "/CN=Icinga CA", 30,
              ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"])

    def certify(self, node):
        """Gives a node what it needs to take part in this one's cluster."""
        made = issue(self.home / "ca", node.node, "ecdsa", f"/CN={node.node}", 30,
                     [f"subjectAltName=DNS:{node.node}"], "ca")
        for source, name in ((made, f"{node.node}.crt"), (self.home / "ca/ca.pem", "ca.crt"),
                             (made.with_suffix(".key"), f"{node.node}.key")):
            target = node.home / "data/certs" / name
            shutil.copyfile(source, target)
            os.chown(target, *USERS["nagios"][:2])

    def bring_up(self):
        self.launch(self.command("daemon", "-c", f"{self.inside}/icinga2.conf"))
        self.tls = ssl.create_default_context(cafile=self.home / "data/certs/ca.crt")
        self.tls.check_hostname = False  # it is reached by its address
        self.wait_until(self.answers, "answer of the API")

    def log_tail(self, lines=25):
        # Each of our own requests is in the log.
        told = super().log_tail(10000).splitlines()
        return "\n".join([line for line in told if "HttpServerConnection" not in line][-lines:])

    # --- the API ----------------------------------------------------------------------------

    def answers(self):
        try:
            return self.ask("GET", "/v1/status/IcingaApplication")
        except (OSError, http.client.HTTPException):
            return None

    def ask(self, method, path, **body):
        """The results of one request; all go over one connection."""
        token = base64.b64encode(("test:" + PASSWORD).encode()).decode()
        headers = {"Accept": "application/json", "Authorization": "Basic " + token,
                   "X-HTTP-Method-Override": method}
        is_old = self.api is not None
        try:
            if self.api is None:
                self.api = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls,
                                                       timeout=30)
            self.api.request("POST", urllib.parse.quote(path), json.dumps(body), headers)
            answer = self.api.getresponse()
            text = answer.read().decode()
        except (OSError, http.client.HTTPException):
            self.api.close()
            self.api = None
            # Icinga closes a connection on which nothing was asked for some seconds.
            if is_old:
                return self.ask(method, path, **body)
            raise
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {text}")
        return json.loads(text)["results"]

    def services(self):
        found = self.ask("GET", "/v1/objects/services", attrs=["__name"])
        return {each["attrs"]["__name"] for each in found}

    def set_variables(self, service, **variables):
        self.ask("POST", f"/v1/objects/services/{service}",
                 attrs={f"vars.{name}": value for name, value in variables.items()})

    def check(self, *services, at=None):
        """Forces checks, by the API of the node `at`; returns the results that are known here."""
        asked = time.time()
        for service in services:
            (at or self).force(service)
        return {service: self.wait_until(lambda name=service: self.result(name, asked),
                                         f"result of {service}") for service in services}

    def force(self, service):
        self.ask("POST", "/v1/actions/reschedule-check", type="Service", force=True,
                 filter="service.__name == name", filter_vars={"name": service})

    def result(self, service, asked):
        found = self.ask("GET", f"/v1/objects/services/{service}",
                         attrs=["last_check_result", "last_check"])
        result = found[0]["attrs"]["last_check_result"]
        return result if result and result["execution_start"] >= asked else None

    def parse_perfdata(self, service):
        """What Icinga itself understands of the performance data: its own objects."""
        host, _, name = service.partition("!")
        script = ("get_service(host, name).last_check_result.performance_data"
                  ".map(item => parse_performance_data(item))")
        setting = f"var host = {json.dumps(host)}; var name = {json.dumps(name)}; "
        return self.ask("POST", "/v1/console/execute-script", command=setting + script,
                        session="", sandboxed=False)[0]["result"]
