# SPDX-License-Identifier: GPL-3.0-or-later
"""A master and a satellite by the shipped zones: the satellite checks, the master knows."""

import contextlib
import http.client
import json

from monitoring_icinga import Icinga
from monitoring_site import SHIPPED

HOST = "mx.test"


class Node(Icinga):
    """One of the two; `zones` is the shipped zones.conf with the address of the satellite."""

    zones = ""

    def objects(self):
        (self.home / "zones.conf").write_text(self.zones)
        return 'include "zones.conf"\n'


class Master(Node):
    """Has commands and hosts for the satellite, and no plugin at all."""

    def configure(self):
        super().configure()
        (self.home / "plugins/check_smtp").unlink()
        (self.home / "plugins/check_smtp_probe").unlink()

    def place(self, satellite):
        """Puts the files where icinga2-zones.conf says."""
        for zone in ("global-templates", "satellite", "master"):
            (self.home / "zones.d" / zone).mkdir()
        templates, mail, far = (self.home / "zones.d" / name for name in
                                ("global-templates/smtp_probe.conf", "satellite/mail.conf",
                                 "master/far.conf"))
        templates.write_text((SHIPPED / "icinga2.conf").read_text())
        good, expired, plain = (self.servers[name] for name in ("good", "expired", "plain"))
        mail.write_text((SHIPPED / "icinga2-hosts.conf").read_text() + f"""
object Host "{HOST}" {{
  check_command = "dummy"
  address = "127.0.0.1"
  vars.smtp_probe_site_ca_file = "{satellite.ca}"
  vars.smtp_probe["good"] = {{ smtp_probe_port = {good}, smtp_probe_tls = "starttls" }}
  vars.smtp_probe["expired"] = {{ smtp_probe_port = {expired}, smtp_probe_tls = "starttls" }}
  vars.smtp_probe["plain"] = {{ smtp_probe_port = {plain} }}
  vars.smtp_probe["usage"] = {{ smtp_probe_port = "none" }}
}}
""")
        far.write_text(f"""
object Host "far.test" {{
  check_command = "dummy"
  address = "127.0.0.1"
}}
object Service "from the satellite" {{
  import "smtp-probe-service"
  host_name = "far.test"
  command_endpoint = "{satellite.node}"
  vars.smtp_probe_port = {good}
  vars.smtp_probe_tls = "starttls"
  vars.smtp_probe_server_name = "{HOST}"
  vars.smtp_probe_site_ca_file = "{satellite.ca}"
}}
""")


class Satellite(Node):
    node, zone = "icinga-satellite.example.org", "satellite"


class IcingaTwo:
    name = "icinga2-cluster"

    def __init__(self, root, plugin, servers):
        self.master, self.satellite = (kind(root, plugin, servers) for kind in (Master, Satellite))
        zones = (SHIPPED / "icinga2-zones.conf").read_text()
        for old, new in (('host = "192.0.2.20"', 'host = "127.0.0.1"'),
                         ('port = "5665"', f'port = "{self.satellite.port}"')):
            if zones.count(old) != 1:
                raise RuntimeError(f"icinga2-zones.conf must have {old} once")
            zones = zones.replace(old, new)
        self.master.zones = self.satellite.zones = zones
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            # Each has its directory before the first of them starts.
            for node in (self.master, self.satellite):
                node.prepare()
                stack.push(node)
            self.master.certify(self.satellite)
            self.master.place(self.satellite)
            for node in (self.satellite, self.master):
                node.bring_up()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self.stack.close()

    def log_tail(self, lines=25):
        return "\n".join(f"--- {node.name} {node.node}\n{node.log_tail(lines)}"
                         for node in (self.master, self.satellite))

    # --- what must come of it ---------------------------------------------------------------

    def is_synced(self):
        try:
            return f"{HOST}!good" in self.satellite.services()
        except (OSError, http.client.HTTPException):
            return False  # it loads what it was given

    def test(self, failures):
        self.satellite.wait_until(self.is_synced, "configuration from the master")
        self.master.wait_until(self.are_connected, "connection to the satellite")
        self.test_zone(failures)
        self.test_endpoint(failures)

    def are_connected(self):
        """Both say so: one of them may not yet know that the other has loaded its files anew."""
        for node, other in ((self.satellite, self.master), (self.master, self.satellite)):
            found = node.ask("GET", f"/v1/objects/endpoints/{other.node}",
                             attrs=["connected", "syncing"])
            if not found[0]["attrs"]["connected"] or found[0]["attrs"]["syncing"]:
                return False
        return True

    def test_zone(self, failures):
        """Services of the satellite's zone: it schedules and runs them."""
        wanted = {"good": (0, r"SMTP OK - TLSv1\.3, certificate valid .*"),
                  "expired": (2, r"SMTP CRITICAL - the server's certificate expired .*"),
                  "plain": (1, r"SMTP WARNING - .*STARTTLS.*"),
                  "usage": (3, r"SMTP UNKNOWN - -p: .*")}
        # A satellite that was started within the last minute does not let others reschedule.
        results = self.master.check(*(f"{HOST}!{name}" for name in wanted), at=self.satellite)
        for name, (state, first) in wanted.items():
            result = results[f"{HOST}!{name}"]
            self.judge(failures, result, state, first, self.satellite.node)
            failures.close_case(f"icinga2-cluster: {name} in the satellite's zone")
            if name == "good":
                parsed = self.master.parse_perfdata(f"{HOST}!good")
                failures.expect(len(parsed) == 9 and parsed[0]["value"] > 0
                                and parsed[0]["unit"] == "seconds", f"performance data: {parsed}")

    def test_endpoint(self, failures):
        """A service of the master's zone that is only run by the satellite."""
        name = "far.test!from the satellite"
        result = self.master.check(name)[name]
        self.judge(failures, result, 0, r"SMTP OK - TLSv1\.3, .*", self.master.node)
        failures.close_case("icinga2-cluster: by command_endpoint")

    def judge(self, failures, result, state, first, scheduler):
        said = result["output"].split("\n")[0]
        failures.equal(result["state"], state, "state")
        failures.equal(result["exit_status"], state, "exit_status")
        failures.matches(said, first, "first line")
        failures.equal(result["check_source"], self.satellite.node, "check_source")
        failures.equal(result["scheduling_source"], scheduler, "scheduling_source")
        failures.equal(result["command"][:3], [f"{self.satellite.plugins}/check_smtp_probe",
                                               "--hostname", "127.0.0.1"], "command")
        if failures.in_case:
            print(json.dumps(result, indent=1))
