# SPDX-License-Identifier: GPL-2.0-only
"""A flattened device tree as Python objects: read, edit, write."""

import struct

MAGIC = 0xd00dfeed
BEGIN_NODE, END_NODE, PROP, NOP, END = 1, 2, 3, 4, 9


def cells(*values):
    """The bytes of a property made of 32-bit cells."""
    return struct.pack(f">{len(values)}I", *values)


def strings(*values):
    return b"".join(v.encode() + b"\0" for v in values)


class Node:
    """One node: props (name to bytes, in order) and children (name to Node)."""

    def __init__(self):
        self.props = {}
        self.children = {}

    def cells(self, name):
        data = self.props[name]
        return list(struct.unpack(f">{len(data) // 4}I", data))

    def compatible(self):
        return self.props.get("compatible", b"").decode().split("\0")[:-1]

    def add(self, name, **props):
        """Add a child; underscores in property names stand for dashes."""
        child = self.children[name] = Node()
        child.props = {k.replace("_", "-"): v for k, v in props.items()}
        return child

    def find(self, compatible):
        """The first direct child with this compatible string."""
        for child in self.children.values():
            if compatible in child.compatible():
                return child
        raise KeyError(compatible)


def _padded(data):
    return data + b"\0" * (-len(data) % 4)


def parse(blob):
    """The root Node of a device tree blob."""
    magic, _, struct_at, strings_at = struct.unpack_from(">4I", blob)
    if magic != MAGIC:
        raise ValueError("not a device tree")

    def text(at):
        return blob[at:blob.index(b"\0", at)].decode()

    at, stack, root = struct_at, [], None
    while True:
        token, = struct.unpack_from(">I", blob, at)
        at += 4
        if token == BEGIN_NODE:
            name, node = text(at), Node()
            at += len(name) + 1 + -(len(name) + 1) % 4
            if stack:
                stack[-1].children[name] = node
            else:
                root = node
            stack.append(node)
        elif token == END_NODE:
            stack.pop()
        elif token == PROP:
            size, name_at = struct.unpack_from(">2I", blob, at)
            at += 8
            stack[-1].props[text(strings_at + name_at)] = blob[at:at + size]
            at += size + -size % 4
        elif token == END:
            return root


def serialize(root):
    """The blob of a tree."""
    names, offsets, body = bytearray(), {}, bytearray()

    def emit(name, node):
        body.extend(cells(BEGIN_NODE) + _padded(name.encode() + b"\0"))
        for prop, data in node.props.items():
            if prop not in offsets:
                offsets[prop] = len(names)
                names.extend(prop.encode() + b"\0")
            body.extend(cells(PROP, len(data), offsets[prop]) + _padded(data))
        for child_name, child in node.children.items():
            emit(child_name, child)
        body.extend(cells(END_NODE))

    emit("", root)
    body.extend(cells(END))
    header, reserved = 40, b"\0" * 16
    struct_at = header + len(reserved)
    strings_at = struct_at + len(body)
    return cells(MAGIC, strings_at + len(names), struct_at, strings_at, header,
                 17, 16, 0, len(names), len(body)) + reserved + body + names
