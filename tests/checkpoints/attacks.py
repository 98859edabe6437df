"""Files made to do harm: what they hold, and what is said when they are refused."""

from __future__ import annotations

import pickle
import struct
import subprocess
from pickle import (
    ADDITEMS,
    APPEND,
    APPENDS,
    BINBYTES8,
    BINGET,
    BINPERSID,
    BINUNICODE,
    BINUNICODE8,
    BUILD,
    BYTEARRAY8,
    EMPTY_DICT,
    EMPTY_LIST,
    EMPTY_SET,
    EMPTY_TUPLE,
    GLOBAL,
    LONG1,
    LONG4,
    LONG_BINGET,
    LONG_BINPUT,
    MARK,
    MEMOIZE,
    NEWOBJ,
    NONE,
    PROTO,
    REDUCE,
    SETITEM,
    SETITEMS,
    STACK_GLOBAL,
    TUPLE,
    TUPLE1,
    TUPLE2,
    TUPLE3,
)

import numpy as np
import torch

from tests.checkpoints.attack_parts import (
    KIND,
    TOUCH,
    Evil,
    array,
    code,
    entries_of,
    integer,
    laughs,
    loading,
    named,
    storage,
    tensor,
    text,
    valid,
    with_storage,
)
from tests.checkpoints.writers.generators import random_tensors
from tests.checkpoints.writers.pickling import Call, Instance, Name, pickled
from tests.checkpoints.writers.tensorflow import tensorflow_pickle
from tests.checkpoints.writers.torch_zip import torch_archive, two_in_one
from tui_draggan.checkpoints.unpickling.limits import MAX_STEPS, MAX_TEXT_LENGTH, MiB

CALLS = {
    "os.system": TOUCH,
    "eval": Evil(eval, "open('pwned', 'w')"),
    "exec": Evil(exec, "open('pwned', 'w')"),
    "getattr": Evil(getattr, "weights", "__class__"),
    "open": Evil(open, "pwned", "w"),
    "subprocess": Evil(subprocess.Popen, ["touch", "pwned"]),
    "pickle": Evil(pickle.loads, pickle.dumps(TOUCH)),
    "torch.load": Evil(torch.load, "pwned"),
    "__import__": Evil(__import__, "antigravity"),
}
ATTACKS: dict[str, tuple[bytes, str]] = {
    **{
        f"{name}, protocol {protocol}": (pickle.dumps({"G_ema": value}, protocol), "names ")
        for name, value in CALLS.items()
        for protocol in (2, 3, 4)
    },
    "a name below an allowed module": (
        code(text("torch_utils.persistence"), text("os.system"), STACK_GLOBAL),
        "names torch_utils.persistence.os.system",
    ),
    "INST": (code(MARK, text("touch pwned"), b"iposix\nsystem\n"), "opcode INST"),
    "OBJ": (code(MARK, named("argparse", "Namespace"), b"o"), "opcode OBJ"),
    "an extension": (code(b"\x82\x01"), "opcode EXT1"),
    "a buffer outside": (code(b"\x97", protocol=5), "opcode NEXT_BUFFER"),
    "a persistent id outside of torch's files": (code(NONE, BINPERSID), "outside the pickle"),
    "an object with arguments": (
        code(named("argparse", "Namespace"), NONE, TUPLE1, NEWOBJ),
        "makes an object of argparse.Namespace",
    ),
    "a call of a class": (
        code(named("argparse", "Namespace"), EMPTY_TUPLE, REDUCE),
        "calls argparse.Namespace",
    ),
    "a call with other arguments": (
        code(named("builtins", "set"), NONE, TUPLE1, REDUCE),
        "calls builtins.set with unexpected arguments",
    ),
    # Inside a storage
    "a storage that is a pickle": (pickled(loading(pickle.dumps(TOUCH))), "no magic number"),
    **{
        f"os.system in place {place + 1} of a storage": (
            pickled(loading(storage(*(1001, {"little_endian": True}, None)[:place], TOUCH))),
            "names posix.system",
        )
        for place in range(4)
    },
    "a storage in a storage": (
        pickled(
            loading(
                storage(1001, {"little_endian": True}, Evil(torch.storage._load_from_bytes, b""))
            )
        ),
        "names torch.storage._load_from_bytes",
    ),
    "a storage that is a list": (pickled(loading(storage())), "in the place of one"),
    # Sizes
    "2**60 numbers in a storage": (pickled(loading(with_storage(2**60))), "is truncated"),
    "a storage of two sizes": (
        pickled(loading(with_storage(2**60, said=1, data=bytes(4)))),
        "two sizes",
    ),
    "fewer than no numbers": (pickled(loading(with_storage(-1))), "unknown form"),
    "stride 0": (pickled(tensor((10**4, 10**4), (0, 0))), "overlaps itself"),
    "overlapping rows": (pickled(tensor((50, 50), (1, 1))), "overlaps itself"),
    "a stride beyond": (pickled(tensor((2,), (2**62,))), "reaches element"),
    "a size beyond": (pickled(tensor((2**60,), (1,))), "more than 4,294,967,296 numbers"),
    "an offset beyond": (pickled(tensor((1,), (1,), 2**62)), "reaches element"),
    "an array beyond its bytes": (code(array(2**30)), "does not fit its bytes"),
    "integers of 2 GB": (code(LONG4, struct.pack("<i", 2**31 - 1)), "an integer of 2,147,483,647"),
    "integers of -1 bytes": (code(LONG4, struct.pack("<i", -1)), "an integer of 4,294,967,295"),
    "integers of 255 bytes": (code(LONG1, b"\xff", bytes(255)), "an integer of 255 bytes"),
    "2**62 bytes": (code(BINBYTES8, struct.pack("<Q", 2**62)), "is truncated"),
    "2**64 bytes": (code(BYTEARRAY8, bytes([255] * 8)), "is truncated"),
    "2**62 characters": (code(BINUNICODE8, struct.pack("<Q", 2**62)), "is truncated"),
    "memo 2**31": (code(EMPTY_LIST, LONG_BINPUT, struct.pack("<I", 2**31)), "holds a list"),
    "out of memo 2**31": (code(LONG_BINGET, struct.pack("<I", 2**31)), "memo 2,147,483,648"),
    # Nesting
    "deep lists": (code(100_000 * EMPTY_LIST, 99_999 * APPEND), "nested too deeply"),
    "deep tuples": (code(EMPTY_TUPLE, 400_000 * TUPLE1), "nested too deeply"),
    "deep dicts": (
        code(50_000 * (EMPTY_DICT + NONE), EMPTY_DICT, 50_000 * SETITEM),
        "nested too deeply",
    ),
    "deep records": (
        code(
            named("argparse", "Namespace") + MEMOIZE,
            *(50_000 * (EMPTY_TUPLE + NEWOBJ + EMPTY_DICT + NONE + BINGET + b"\0"),),
            *(50_000 * (SETITEM + BUILD),),
        ),
        "nested too deeply",
    ),
    "a list in itself": (code(EMPTY_LIST, MEMOIZE, BINGET, b"\0", APPEND), "contains itself"),
    "a dict in itself": (
        code(EMPTY_DICT, MEMOIZE, NONE, BINGET, b"\0", SETITEM),
        "contains itself",
    ),
    "a record in itself": (
        code(
            *(named("argparse", "Namespace"), EMPTY_TUPLE, NEWOBJ, MEMOIZE),
            *(EMPTY_DICT, NONE, BINGET, b"\0", SETITEM, BUILD),
        ),
        "contains itself",
    ),
    "a thousand million laughs": (code(MARK, laughs(9), TUPLE), "nested too deeply"),
    "10**50,000 laughs": (code(MARK, laughs(30_000), TUPLE), "nested too deeply"),
    "laughs as a key": (
        code(MARK, laughs(30), EMPTY_DICT, BINGET, b"\0", NONE, SETITEM, TUPLE),
        "no name or number (tuple)",
    ),
    "laughs in a set": (
        code(EMPTY_SET, MARK, laughs(30), ADDITEMS),
        "no name or number (tuple)",
    ),
    "laughs in a shape": (
        pickled(tensor((1, ((1,), (1,))), (1, 1))),  # type: ignore[arg-type]
        "natural number",
    ),
    # A little that becomes much, by copying
    "a set made again and again": (
        code(
            *(named("builtins", "set") + MEMOIZE, EMPTY_LIST, MARK, 1000 * NONE, APPENDS),
            *(TUPLE1, MEMOIZE, MARK, 10_000 * (BINGET + b"\0" + BINGET + b"\1" + REDUCE), TUPLE),
        ),
        "takes more than",
    ),
    "attributes set again and again": (
        code(
            *(named("argparse", "Namespace") + MEMOIZE, EMPTY_DICT, MARK),
            *(b"".join(text(str(i)) + NONE for i in range(1000)), SETITEMS, MEMOIZE, MARK),
            *(10_000 * (BINGET + b"\0" + EMPTY_TUPLE + NEWOBJ + BINGET + b"\1" + BUILD), TUPLE),
        ),
        "takes more than",
    ),
    "bytes decoded again and again": (
        code(
            *(named("_codecs", "encode"), MEMOIZE, text("ÿ" * 2**20), text("latin1"), TUPLE2),
            *(MEMOIZE, MARK, 1000 * (BINGET + b"\0" + BINGET + b"\1" + REDUCE), TUPLE),
        ),
        "again and again",
    ),
    "long words": (
        code(MARK, 10_000 * text("x" * MAX_TEXT_LENGTH), TUPLE),
        "16 MiB of text",
    ),
    "no end of opcodes": (code(MARK, 2 * MAX_STEPS * NONE, TUPLE), "takes more than"),
    "as much memory as there can be": (
        code(MARK, (MAX_STEPS - 10) * EMPTY_SET, TUPLE),
        "holds a tuple",
    ),
    "wide characters": (
        code(MARK, 4000 * text("x" * (MAX_TEXT_LENGTH - 4) + "\N{GRINNING FACE}"), TUPLE),
        "holds a tuple",
    ),
    "keys that collide": (
        code(
            EMPTY_DICT, MARK, b"".join(integer(i * (2**61 - 1)) + NONE for i in range(99)), SETITEMS
        ),
        "more than 64 bits",
    ),
    "an array as a key": (code(EMPTY_DICT, array(), NONE, SETITEM), "no name or number (ndarray)"),
    "an array as a version": (
        code(array().replace(b"K\x01" + integer(1), array() + integer(1))),
        "in an unknown form",
    ),
    "a filter of many times the same weights": (
        tensorflow_pickle(
            random_tensors(KIND),
            KIND,
            arguments={"resample_kernel": 8 * [np.zeros(50 * MiB, "u1")]},
        ),
        "another filter than [1, 3, 3, 1]",
    ),
    # Other kinds of arrays
    **{
        f"an array of {dtype}": (pickled(np.zeros(3, dtype)), words)
        for dtype, words in (
            ("O", "of the type 'O8'"),
            ("S5", "of the type 'S5'"),
            ("U5", "of the type 'U5'"),
            ("M8[s]", "of the type 'M8'"),
            ("c16", "of the type 'c16'"),
            ("f4,f4", "of the type 'V8'"),
        )
    },
    "an array without its numbers": (
        pickled(
            [
                Call(
                    Name("numpy._core.multiarray", "_reconstruct"),
                    (Name("numpy", "ndarray"), (0,), b"b"),
                )
            ]
        ),
        "without its numbers",
    ),
    "a subclass of arrays": (
        pickled(
            Call(
                Name("numpy._core.multiarray", "_reconstruct"), (Name("torch", "Size"), (0,), b"b")
            )
        ),
        "of the type torch.Size",
    ),
    "an array of another version": (
        pickle.dumps(np.arange(3), 2).replace(b"K\x01K\x03\x85", b"K\x03K\x03\x85"),
        "unknown form",
    ),
    # Out of place
    "nothing": (code(), "STOP out of place"),
    "two values": (code(NONE, NONE), "STOP out of place"),
    "an open mark": (code(MARK, NONE), "STOP out of place"),
    "no mark": (code(NONE, TUPLE), "TUPLE out of place"),
    "too few for a tuple": (code(NONE, TUPLE3), "TUPLE3 out of place"),
    "items of nothing": (code(MARK, NONE, APPENDS), "APPENDS out of place"),
    "items of a tuple": (code(EMPTY_TUPLE, NONE, APPEND), "APPEND out of place"),
    "a key without a value": (code(EMPTY_DICT, MARK, NONE, SETITEMS), "SETITEMS out of place"),
    "members of a dict": (code(EMPTY_DICT, MARK, NONE, ADDITEMS), "ADDITEMS out of place"),
    "attributes of a list": (code(EMPTY_LIST, EMPTY_DICT, BUILD), "BUILD out of place"),
    "attributes of nothing": (code(EMPTY_DICT, BUILD), "BUILD out of place"),
    "a call of a number": (code(NONE, EMPTY_TUPLE, REDUCE), "REDUCE out of place"),
    "an object of a number": (code(NONE, EMPTY_TUPLE, NEWOBJ), "NEWOBJ out of place"),
    "a name of numbers": (code(NONE, NONE, STACK_GLOBAL), "STACK_GLOBAL out of place"),
    "memo of nothing": (code(MEMOIZE), "MEMOIZE out of place"),
    "an unknown opcode": (code(b"\xff"), "opcode 0xff"),
    "text of protocol 0": (code(b"S'weights'\n"), "opcode STRING"),
    "a second beginning": (code(PROTO, b"\x04"), "opcode PROTO"),
    "broken text": (code(BINUNICODE, struct.pack("<I", 2), b"\xc3("), "damaged text"),
    "half a surrogate": (code(BINUNICODE, struct.pack("<I", 3), b"\xed\xa0\x80"), "damaged text"),
    "a name without end": (code(GLOBAL, 300 * b"x"), "damaged name"),
    # What goes into the error line
    "a name that paints the terminal": (
        code(text("os\x1b]0;owned\x07\x1b[2J\r\n"), text("\u202esystem"), STACK_GLOBAL),
        r"names os\x1b]0;owned\x07\x1b[2J\r\n.\u202esystem, which",
    ),
    "a name of 4,000 letters": (
        code(text("x" * 4000), text("y" * 4000), STACK_GLOBAL),
        f"names {79 * 'x'}…, which",
    ),
    # Other architectures
    "StyleGAN-XL": (
        pickled(Instance(Name("pg_modules.discriminator", "ProjectedDiscriminator"))),
        "Projected GAN or StyleGAN-XL, another architecture",
    ),
    "Progressive GAN": (pickled(Instance(Name("tfutil", "Network"))), "Progressive GAN"),
    "a whole module": (pickle.dumps(torch.nn.Linear(1, 1)), "names torch.nn.modules.linear.Linear"),
    # Names that are not read
    "an unknown name as a generator": (
        pickled({"G_ema": Instance(Name("train", "State"), attributes={"a": 1})}),
        "names train.State, which",
    ),
    "unknown names without number": (
        code(MARK, *(text(f"m{i:0200d}") + text("x" * 40) + STACK_GLOBAL for i in range(90_000))),
        "16 MiB of text",
    ),
    "tuples as keys without number": (
        code(
            *(MARK, 8 * text("x" * 80), TUPLE, MEMOIZE, EMPTY_DICT),
            70_000 * (BINGET + b"\0" + NONE + SETITEM),
        ),
        "16 MiB of text",
    ),
    "an unknown function of a name that would run code": (
        pickled({"G_ema": Call(Name("train", "call"), (Name("posix", "system"), "touch pwned"))}),
        "names posix.system",
    ),
    "functions of functions": (
        code(
            *(text("train"), text("make"), STACK_GLOBAL, MEMOIZE),
            100_000 * (EMPTY_TUPLE + REDUCE + EMPTY_DICT + BUILD),
        ),
        "names train.make",
    ),
}


ELSEWHERE = {
    "a persistent id outside of torch's files": "storage in an unknown form",
}
"""Attacks of which something else is said where they are the pickle in an archive of torch."""
ZIPPED: dict[str, tuple[bytes, str]] = {
    **{
        f"{name}, in an archive": (torch_archive(contents), ELSEWHERE.get(name, words))
        for name, (contents, words) in ATTACKS.items()
    },
    "views of one storage without end": (
        torch_archive(
            code(
                *(MARK, text("storage"), named("torch", "BFloat16Storage"), text("0")),
                *(text("cpu"), integer(MiB), TUPLE, BINPERSID, MEMOIZE),
                *(named("torch._utils", "_rebuild_tensor_v2"), MEMOIZE, EMPTY_DICT, MEMOIZE, MARK),
                100
                * (
                    BINGET
                    + b"\1"
                    + MARK
                    + BINGET
                    + b"\0"
                    + integer(0)
                    + integer(MiB)
                    + TUPLE1
                    + integer(1)
                    + TUPLE1
                    + b"\x89"
                    + BINGET
                    + b"\2"
                    + TUPLE
                    + REDUCE
                ),
                TUPLE2,
                protocol=4,
            ),
            {"0": bytes(2 * MiB)},
        ),
        "again and again",
    ),
    "two archives in one": (
        two_in_one(entries_of(valid(protocol=2)), entries_of(pickle.dumps(TOUCH, 2))),
        "ambiguous table of contents",
    ),
}
"""The same, and more, in torch's zip container."""
