#!/bin/sh
# Make an environment in the folder DIR, which appears when it is complete:  build.sh DIR SUITE
#
#     root/    Debian SUITE with the packages of debian.txt
#     venv/    the PyPI packages of requirements.txt, seen as /venv inside
#     cache/   compiled forms
#     mnt/     where enter.sh mounts
#
# Lines that begin with "I: " (mmdebstrap's and ours) are what the launcher shows as progress.
set -eu
# mmdebstrap names open files by number to a shell that knows only one digit: what the launcher was started with,
# and its lock (9, kept here for as long as this script runs), leave it too few.
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&-
dir=$1.part suite=$2
lists=$(dirname "$0")
mkdir -p "$dir/root" "$dir/venv" "$dir/cache" "$dir/mnt"

packages=$(grep -v '^#' "$lists/debian.txt" | paste -sd,)
# Unlike a proxy in the variable http_proxy, one configured for apt is not seen by mmdebstrap.
proxy=
command -v apt-config >/dev/null && eval "$(apt-config shell proxy Acquire::http::Proxy)"
bootstrap() {
    # Check-Valid-Until: a mirror's copy of sid may be older than its Release file allows.
    mmdebstrap --variant=essential --components=main --include="$packages" \
        --keyring=/usr/share/keyrings/debian-archive-keyring.gpg --dpkgopt="$lists/dpkg.cfg" \
        --aptopt='Acquire::Languages "none"' --aptopt='Acquire::Check-Valid-Until "false"' \
        ${proxy:+--aptopt="Acquire::http::Proxy \"$proxy\""} \
        "$@" "${TERTIA_MIRROR:-http://deb.debian.org/debian}" 9>&-
}
if [ "$(id -u)" = 0 ]; then
    bootstrap --mode=root "$suite" "$dir/root"
    enter="unshare --mount"
else
    # Made under the other user ids that this user may use, then unpacked: all files in DIR belong to the user,
    # who can read and delete them like any others. Not in DIR, because those ids cannot enter a private home,
    # and not in /tmp, which is often memory. The name is fixed so that the next start clears what a crash left.
    scratch=${TMPDIR:-/var/tmp}/tertia-$(id -u)-$(basename "$1")
    if [ -e "$scratch" ]; then
        echo "I: clearing what an interrupted start left..."
        mmdebstrap --unshare-helper find "$scratch" -mindepth 1 -delete 2>/dev/null || true # theirs, then ours
        rm -rf "$scratch"
    fi
    mkdir -m 1777 "$scratch"
    { TMPDIR=$scratch bootstrap --mode=unshare --format=tar "$suite" - || touch "$dir/failed"; } |
        tar --extract --directory "$dir/root" --exclude './dev/*'
    rm -rf "$scratch"
    [ ! -e "$dir/failed" ]
    enter="unshare --user --map-root-user --mount"
fi
for file in resolv.conf hosts passwd group; do touch "$dir/root/etc/$file"; done # enter.sh mounts over them

echo "I: installing Python packages from PyPI..."
# This machine's pip settings and certificates hold inside too (a company's index, a proxy's certificate).
for file in /etc/xdg/pip/pip.conf /etc/pip.conf; do [ ! -e "$file" ] || cp "$file" "$dir/venv/pip.conf"; done
for file in "${PIP_CERT:-}" "${SSL_CERT_FILE:-}" "${REQUESTS_CA_BUNDLE:-}" \
    /etc/ssl/certs/ca-certificates.crt /etc/pki/tls/certs/ca-bundle.crt; do
    [ -f "$file" ] || continue
    cp "$file" "$dir/cache/certificates.pem"
    export PIP_CERT="$dir/cache/certificates.pem" SSL_CERT_FILE="$dir/cache/certificates.pem"
    break
done
$enter sh "$lists/enter.sh" "$dir" "$(id -u)" "$(id -g)" sh "$lists/venv.sh" /venv
rm -f "$dir/cache/certificates.pem"
touch "$dir/ready"
mv "$dir" "$1"
echo "I: done"
