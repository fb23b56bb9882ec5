"""Inside the guest: its message bus and its virtual Bluetooth driver, by way of TCP. Runs on any Python 3, alone.

Port 7001 takes any number of D-Bus clients. Each connection to port 7002 is a Bluetooth controller: for as long as it
lasts the guest's kernel has an adapter. The bytes are HCI packets with the H4 type byte in front (Bluetooth Core 5.4,
Vol 4, Part A, 2).
"""

import os
import select
import socket
import threading

BUS_PORT, HCI_PORT = 7001, 7002
BUS = "/run/dbus/system_bus_socket"
HEADERS = {0x02: (5, 3, 2), 0x03: (4, 3, 1), 0x04: (3, 2, 1), 0x05: (5, 3, 2)}
"""Type -> (bytes of type and header, where the length of the rest stands, in how many bytes)."""
PRIMARY = b"\xff\x00"
"""What the driver wants first: make an ordinary controller."""


def forward(read, write, done):
    """Pass on what comes until there is no more."""
    try:
        while data := read(65536):
            write(data)
    except OSError:
        pass
    done()


def close(*ends):
    """Hang up on both sides; a reader that waits there wakes up."""
    for end in ends:
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve_bus(client):
    """One D-Bus client."""
    bus = socket.socket(socket.AF_UNIX)
    bus.connect(BUS)
    threading.Thread(target=forward, args=(bus.recv, client.sendall, lambda: close(bus, client)), daemon=True).start()
    forward(client.recv, bus.sendall, lambda: close(bus, client))
    bus.close()
    client.close()


def packets(buffer):
    """Take whole packets from the front of a buffer."""
    while buffer:
        head, at, width = HEADERS[buffer[0]]
        length = int.from_bytes(buffer[at : at + width], "little")
        if len(buffer) < head or len(buffer) < head + length:
            return
        yield bytes(buffer[: head + length])
        del buffer[: head + length]


def serve_hci(controller):
    """One controller: the driver takes and gives one packet at a time."""
    driver = os.open("/dev/vhci", os.O_RDWR)
    try:
        os.write(driver, PRIMARY)
        os.read(driver, 16)  # its answer: the adapter's number
        buffer = bytearray()
        while True:
            ready, _, _ = select.select([controller, driver], [], [])
            if driver in ready:
                controller.sendall(os.read(driver, 65536))
            if controller in ready:
                data = controller.recv(65536)
                if not data:
                    return
                buffer.extend(data)
                for packet in packets(buffer):
                    os.write(driver, packet)
    except ConnectionError:
        pass
    finally:
        os.close(driver)
        controller.close()


def listen(port, serve):
    """Serve every connection to a port in a thread of its own."""
    with socket.create_server(("0.0.0.0", port), backlog=32) as door:
        while True:
            client, _ = door.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=serve, args=(client,), daemon=True).start()


def main():
    """Serve until the machine is switched off."""
    threading.Thread(target=listen, args=(BUS_PORT, serve_bus), daemon=True).start()
    print("relay: ready", flush=True)
    listen(HCI_PORT, serve_hci)


if __name__ == "__main__":
    main()
