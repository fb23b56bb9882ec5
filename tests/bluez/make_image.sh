#!/usr/bin/env bash
# Make, once, what the BlueZ tests boot: a Debian kernel with virtual Bluetooth, and an initial file system that holds
# bluetoothd, a message bus, and a relay to both. Nothing else of this machine can be seen from inside.
#
# As root, on Debian for x86-64:  tests/bluez/make_image.sh
# The image goes to $IMU_BLUEZ_IMAGE, by default ~/.cache/imu-back-extension/bluez; one that is up to date is left alone.
# `--version` only says what it would make.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=$(getent passwd "${SUDO_USER:-$(id -un)}" | cut -d: -f6) # of the person, also under sudo
image=${IMU_BLUEZ_IMAGE:-$home/.cache/imu-back-extension/bluez}
version=$(cat "$here/make_image.sh" "$here"/guest/{init,relay.py,bus.conf,main.conf} | sha256sum | cut -c1-16)

install_packages() {
    apt-get update -q
    DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends \
        qemu-system-x86 bluez dbus busybox-static kmod cpio python3
}

# Not linux-image-cloud-amd64: that one has no Bluetooth.
unpack_kernel() {
    local package
    package=$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-.*\)/\1/p' | head -1)
    [ -n "$package" ] || { echo "There is no linux-image-amd64 to download; this needs Debian for x86-64." >&2; exit 1; }
    kernel=${package#linux-image-}
    (cd "$work" && apt-get -q -o APT::Sandbox::User=root download "$package")
    dpkg-deb -x "$work/$package"_*.deb "$work/kernel"
    [ -d "$work/kernel/lib" ] || ln -s usr/lib "$work/kernel/lib"
    depmod -b "$work/kernel" "$kernel"
}

# The kernel as it is linked: unpacking it under emulation would take longer than all the rest of the boot.
uncompress_kernel() {
    python3 - "$work/kernel/boot/vmlinuz-$kernel" "$made/vmlinux" <<'X'
import lzma, pathlib, sys
packed = pathlib.Path(sys.argv[1]).read_bytes()
start = packed.find(b"\xfd7zXZ\0")
pathlib.Path(sys.argv[2]).write_bytes(packed if start < 0 else lzma.LZMADecompressor().decompress(packed[start:]))
X
}

add_modules() {
    local module file
    mkdir "$root/modules"
    for module in virtio_pci virtio_net virtio-rng hci_vhci ecb cmac algif_hash algif_skcipher; do
        modprobe -d "$work/kernel" -S "$kernel" --show-depends "$module" | sed -n 's/^insmod \([^ ]*\).*/\1/p'
    done | awk '!seen[$0]++' | while read -r file; do
        cp "$file" "$root/modules/"
        basename "$file" >> "$root/modules/order"
    done
}

# Programs keep their places; what they are linked against comes with them.
add_program() {
    local file
    { echo "$1"; ldd "$1" 2>/dev/null || true; } | grep -o '/[^ ]*' | while read -r file; do
        mkdir -p "$root$(dirname "$file")"
        cp -uL "$file" "$root$file"
    done
}

# Of Python, what the relay imports.
add_python() {
    local file
    add_program "$(readlink -f /usr/bin/python3)"
    ln -s "$(readlink -f /usr/bin/python3)" "$root/bin/python3"
    mkdir -p "$root$(/usr/bin/python3 -I -c 'import sysconfig; print(sysconfig.get_path("platstdlib"))')/lib-dynload"
    /usr/bin/python3 -B -I -S -c '
import importlib.util, sys
spec = importlib.util.spec_from_file_location("relay", sys.argv[1])
spec.loader.exec_module(importlib.util.module_from_spec(spec))
files = {getattr(module, "__file__", None) for module in sys.modules.values()} - {None, sys.argv[1]}
print(*sorted(files), sep="\n")
' "$here/guest/relay.py" | while read -r file; do add_program "$file"; done
}

make_root() {
    local tool
    mkdir -p "$root"/{bin,dev,proc,sys,run/dbus,tmp,var/lib/bluetooth,etc/bluetooth}
    cp /bin/busybox "$root/bin/"
    for tool in sh mount insmod ifconfig cat poweroff; do ln -s busybox "$root/bin/$tool"; done
    add_modules
    add_program /usr/bin/dbus-daemon
    add_program /usr/libexec/bluetooth/bluetoothd
    add_python
    cp "$here/guest/main.conf" "$root/etc/bluetooth/main.conf"
    cp "$here"/guest/{init,relay.py,bus.conf} "$root/"
    echo root:x:0:0:root:/:/bin/sh > "$root/etc/passwd"
    chmod +x "$root/init"
    (cd "$root" && find . | cpio -o -H newc --quiet > "$made/initrd")
}

[ "${1:-}" != --version ] || { echo "$version"; exit; }
if [ "$(cat "$image/version" 2>/dev/null)" = "$version" ]; then
    echo "The image in $image is up to date."
    exit
fi
[ "$(id -u)" = 0 ] || { echo "Run this as root: packages are installed and a kernel is unpacked." >&2; exit 1; }
mkdir -p "$image"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root made=$work/made
mkdir "$made"
install_packages
unpack_kernel
uncompress_kernel
make_root
rm -f "$image/version"
cp "$made"/{vmlinux,initrd} "$image/"
echo "$version" > "$image/version"
echo "The image is in $image ($(du -sh "$image" | cut -f1))."
