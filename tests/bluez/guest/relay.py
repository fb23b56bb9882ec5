"""Inside the guest: its message bus and its virtual Bluetooth driver, by way of TCP. Runs on any Python 3, alone.

Port 7001 takes any number of D-Bus clients. Each connection to port 7002 is a Bluetooth controller: for as long as it
lasts the guest's kernel has an adapter. The bytes are HCI packets with the H4 type byte in front (Bluetooth Core 5.4,
Vol 4, Part A, 2).
"""

import os
import select
import socket
import threading
from collections.abc import Callable, Iterator

BUS_PORT, HCI_PORT = 7001, 7002
BUS = "/run/dbus/system_bus_socket"
CHUNK = 65536
HEADERS = {0x02: (5, 3, 2), 0x03: (4, 3, 1), 0x04: (3, 2, 1), 0x05: (5, 3, 2)}
"""Type -> (bytes of type and header, where the length of the rest stands, in how many bytes)."""
PRIMARY = b"\xff\x00"
"""What the driver wants first: make an ordinary controller."""


def serve_bus(client: socket.socket) -> None:
    """One D-Bus client, until one side hangs up."""
    with socket.socket(socket.AF_UNIX) as bus:
        bus.connect(BUS)
        other = {client: bus, bus: client}
        while True:
            for end in select.select(other, [], [])[0]:
                data = end.recv(CHUNK)
                if not data:
                    return
                other[end].sendall(data)


def serve_hci(controller: socket.socket) -> None:
    """One controller, until it is gone: the driver takes and gives a packet at a time."""
    driver = os.open("/dev/vhci", os.O_RDWR)
    try:
        os.write(driver, PRIMARY)
        os.read(driver, CHUNK)  # its answer: the adapter's number
        waiting = bytearray()
        while True:
            ready = select.select([controller, driver], [], [])[0]
            if driver in ready:
                controller.sendall(os.read(driver, CHUNK))
            if controller in ready:
                data = controller.recv(CHUNK)
                if not data:
                    return
                waiting += data
                for packet in packets(waiting):
                    os.write(driver, packet)
    finally:
        os.close(driver)


def packets(waiting: bytearray) -> Iterator[bytes]:
    """Take the whole packets from what waits."""
    while waiting:
        head, at, width = HEADERS[waiting[0]]
        size = head + int.from_bytes(waiting[at : at + width], "little")
        if len(waiting) < max(head, size):
            return
        yield bytes(waiting[:size])
        del waiting[:size]


def listen(port: int, serve: Callable[[socket.socket], None]) -> None:
    """Serve every connection to a port in a thread of its own."""

    def attend(client: socket.socket) -> None:
        with client:
            try:
                serve(client)
            except ConnectionError as error:
                print(f"relay: port {port}: {error}", flush=True)

    with socket.create_server(("0.0.0.0", port), backlog=32) as door:
        while True:
            client, _ = door.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=attend, args=(client,), daemon=True).start()


def main() -> None:
    """Serve until the machine is switched off."""
    threading.Thread(target=listen, args=(BUS_PORT, serve_bus), daemon=True).start()
    print("relay: ready", flush=True)
    listen(HCI_PORT, serve_hci)


if __name__ == "__main__":
    main()
