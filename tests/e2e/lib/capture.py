"""Captures what passes on this network namespace's links: `capture.py SECONDS` prints a line of JSON
a packet of TCP with content: its two ends and the content in hex."""
import json
import select
import socket
import sys
import time

ETH_P_ALL = 3


def ends(frame):
    """Addresses, ports and TCP content of an Ethernet frame; None for anything else."""
    kind, body = int.from_bytes(frame[12:14], "big"), frame[14:]
    if kind == 0x0800 and body[9] == 6:
        family, at, addresses = socket.AF_INET, (body[0] & 15) * 4, (body[12:16], body[16:20])
        body = body[:int.from_bytes(body[2:4], "big")]
    elif kind == 0x86dd and body[6] == 6:
        family, at, addresses = socket.AF_INET6, 40, (body[8:24], body[24:40])
    else:
        return None
    tcp = body[at:]
    content = tcp[(tcp[12] >> 4) * 4:]
    source, target = (socket.inet_ntop(family, address) for address in addresses)
    return {"from": source, "to": target, "port": int.from_bytes(tcp[2:4], "big"),
            "hex": content.hex()} if content else None


sniffer = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
print("capturing", flush=True)
end = time.monotonic() + float(sys.argv[1])
while time.monotonic() < end:
    if select.select([sniffer], [], [], 0.1)[0]:
        packet = ends(sniffer.recv(65536))
        if packet:
            print(json.dumps(packet), flush=True)
