# SPDX-License-Identifier: GPL-3.0-or-later
"""A root directory that holds three mail servers and four monitoring systems of Debian.

As packages some exclude each other, and nothing of them may stay on the machine. So apt resolves
and downloads each one as if for an empty machine, and all archives are unpacked, not installed,
into one directory under the build directory. The daemons are then run with chroot().
"""

import fcntl
import hashlib
import os
import pathlib
import shutil
import stat
import subprocess

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
# The shell is a package that no other depends on: it is always there.
PACKAGES = ("postfix", "exim4-daemon-heavy", "opensmtpd", "dovecot-core", "dovecot-submissiond",
            "sasl2-bin", "libsasl2-modules", "icinga2-bin", "nagios4-core",
            "nagios-nrpe-server", "nagios-nrpe-plugin", "monitoring-plugins-basic", "prometheus", "dash",
            "krb5-kdc", "krb5-admin-server", "krb5-user", "libsasl2-modules-gssapi-mit", "dovecot-gssapi",
            "libfaketime")

# name: (uid, gid, home); ids that no normal installation gives away.
USERS = {
    "root": (0, 0, "/root"),
    "mail": (8, 8, "/var/mail"),
    "nobody": (65534, 65534, "/nonexistent"),
    "postfix": (61801, 61801, "/var/spool/postfix"),
    "Debian-exim": (61802, 61802, "/var/spool/exim4"),
    "opensmtpd": (61803, 61803, "/var/lib/opensmtpd"),
    "opensmtpq": (61804, 61804, "/nonexistent"),
    "nagios": (61806, 61806, "/var/lib/nagios"),
    "dovecot": (61807, 61807, "/nonexistent"),
    "dovenull": (61808, 61808, "/nonexistent"),
}
GROUPS = {"nogroup": 65534, "postdrop": 61805}


class Unavailable(Exception):
    """The servers cannot be had on this machine; the text says why."""


def run_quietly(command, **options):
    """Runs a command; its output is shown only inside the exception."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False, **options)
    if done.returncode != 0:
        tail = "\n".join(done.stdout.splitlines()[-15:])
        raise Unavailable(f"{command[0]} failed with {done.returncode}:\n{tail}")
    return done.stdout


def backports(work):
    """apt options that add the release's backports, from the mirror that the machine uses.

    Debian 12's own OpenSMTPD (6.8) fails every TLS handshake with OpenSSL 3; the one in its
    backports works. Returns None where nothing can be made out of the machine's sources.
    """
    targets = run_quietly(["apt-get", "indextargets", "--format",
                           "$(REPO_URI)|$(CODENAME)", "Created-By: Packages", "Origin: Debian"])
    trust = f"[signed-by={KEYRING}] " if os.path.exists(KEYRING) else ""
    for line in targets.splitlines():
        uri, codename = line.split("|")
        if codename and "-" not in codename:
            sources = work / "backports.list"
            sources.write_text("".join(f"deb {trust}{uri} {suite} main\n"
                                       for suite in (codename, f"{codename}-backports")))
            lists = work / "lists"
            (lists / "partial").mkdir(parents=True, exist_ok=True)
            return ["-o", f"Dir::State::lists={lists}", "-o", f"Dir::Etc::sourcelist={sources}",
                    "-o", "Dir::Etc::sourceparts=-", "-o", f"APT::Default-Release={codename}"]
    return None


def download(archives):
    """Fetches the packages with everything they depend on, by the machine's own apt settings."""
    work = archives.parent
    (archives / "partial").mkdir(parents=True, exist_ok=True)
    empty_status = work / "empty-status"
    empty_status.write_text("")
    apt_get = ["apt-get", "-q", "-y", "--no-install-recommends",
               "-o", f"Dir::State::status={empty_status}",
               "-o", f"Dir::Cache::archives={archives}", "-o", "Dir::Cache::pkgcache=",
               "-o", "Dir::Cache::srcpkgcache=",
               "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=root"]
    fetch = ["--download-only", "install"]
    for package in PACKAGES:
        try:
            run_quietly(apt_get + fetch + [package])
        except Unavailable:
            # The machine's package lists may be absent or old.
            run_quietly(["apt-get", "-q", "update"])
            run_quietly(apt_get + fetch + [package])
    old = list(archives.glob("opensmtpd_6.*.deb"))
    newer = backports(work) if old else None
    if newer is not None:
        try:
            run_quietly(apt_get + newer + ["update"])
            release = next(option for option in newer if "Default-Release" in option)
            run_quietly(apt_get + newer + fetch
                        + [f"opensmtpd/{release.partition('=')[2]}-backports"])
        except Unavailable as error:
            # The test then finds out that no client can talk TLS to the old one.
            print(f"note: Debian's older OpenSMTPD is used, its backport is not to be had: {error}")
        else:
            for archive in old:
                archive.unlink()


def drop_rivals(archives):
    """Packages that others bring as their default and that hold the same files as one of ours."""
    for rival in ("exim4-daemon-light",):
        for archive in archives.glob(f"{rival}_*.deb"):
            archive.unlink()


def unpack(archives, root):
    # Where /bin and /lib are to be links has to be settled before the first archive.
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / "usr" / name).mkdir(parents=True)
        (root / name).symlink_to(f"usr/{name}")
    for archive in sorted(archives.glob("*.deb")):
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive],
                              stdout=subprocess.PIPE) as source:
            run_tar = ["tar", "-x", "--keep-directory-symlink", "-C", str(root)]
            tar = subprocess.run(run_tar, stdin=source.stdout, check=False)
        if tar.returncode != 0 or source.returncode != 0:
            raise Unavailable(f"cannot unpack {archive.name}")


def furnish(root):
    """The few files a daemon looks for and that installing the packages would have made."""
    etc = root / "etc"
    passwd = [f"{name}:x:{uid}:{gid}::{home}:/usr/sbin/nologin\n"
              for name, (uid, gid, home) in USERS.items()]
    groups = {name: gid for name, (_, gid, _) in USERS.items()} | GROUPS
    (etc / "passwd").write_text("".join(passwd))
    (etc / "group").write_text("".join(f"{name}:x:{gid}:\n" for name, gid in groups.items()))
    (etc / "hosts").write_text("127.0.0.1 localhost\n")
    (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")
    # OpenSMTPD brings a resolver of its own, which takes its order of sources from here.
    (etc / "resolv.conf").write_text("lookup file\nnameserver 127.0.0.1\n")
    for name, mode in (("tmp", 0o1777), ("run", 0o755), ("root", 0o700), ("dev", 0o755),
                       ("var/tmp", 0o1777), ("var/log", 0o755), ("var/mail", 0o755),
                       # Icinga looks here for descriptors to close; none are left open for it.
                       ("proc/self/fd", 0o755)):
        (root / name).mkdir(parents=True, exist_ok=True)
        (root / name).chmod(mode)
    (root / "var/run").symlink_to("/run")
    for name, minor in (("null", 3), ("zero", 5), ("random", 8), ("urandom", 9)):
        os.mknod(root / "dev" / name, stat.S_IFCHR | 0o666, os.makedev(1, minor))
        (root / "dev" / name).chmod(0o666)


def provide(work):
    """Returns the root directory under `work`, made by the first caller and kept for the next."""
    if os.geteuid() != 0:
        raise Unavailable("only root may chroot() into the servers' directory; run this as root")
    for tool in ("apt-get", "dpkg-deb", "tar"):
        if shutil.which(tool) is None:
            raise Unavailable(f"{tool} is not installed")
    work = pathlib.Path(work)
    work.mkdir(parents=True, exist_ok=True)
    root, done = work / "root", work / "root.complete"
    recipe = hashlib.sha256(pathlib.Path(__file__).read_bytes()).hexdigest()
    with open(work / "lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists() or done.read_text() != recipe:
            done.unlink(missing_ok=True)
            shutil.rmtree(root, ignore_errors=True)
            archives = work / "archives"
            download(archives)
            drop_rivals(archives)
            root.mkdir()
            try:
                unpack(archives, root)
                furnish(root)
            except PermissionError as error:
                raise Unavailable(f"this root is not allowed to make {error.filename}") from error
            for leftover in (archives, work / "lists"):
                shutil.rmtree(leftover, ignore_errors=True)
            done.write_text(recipe)
    return root
