#!/usr/bin/env python3
"""The golden pack `models`: what whole models' own rotary code does to queries and keys.

    python3 generate_models.py            writes index.tsv, cases.tsv and data.bin into models/
    python3 generate_models.py --check    re-computes every case of that pack with numpy alone
    python3 generate_models.py --presets  prints the presets as a table

Writing needs torch, transformers, diffusers and timm, on a CPU and without weights; checking needs
numpy.  The presets are in the folder presets.  Each says what the library must state of a model,
and how the model's own code makes a table and applies it: only the rotary module or function is
run, with the head_dim, theta and scaling of the published configuration, on a few tokens up to the
model's length.  The format of the pack and the rule of a rotation: README.md here and in models/.
"""

import os
import sys
import zlib

import numpy as np

import check_numpy
from check_numpy import Tensor

HERE = os.path.dirname(os.path.abspath(__file__))
PACK = os.path.join(HERE, "models")


# ---------------------------------------------------------------- from torch to numpy
def stored(tensor):
    """A torch tensor as the pack has it; complex numbers get a last axis of 2."""
    import torch

    if not isinstance(tensor, torch.Tensor):
        return Tensor("f64", np.asarray(tensor, dtype="<f8"))
    if tensor.is_complex():
        tensor = torch.view_as_real(tensor)
    tensor = tensor.detach().contiguous()
    if tensor.dtype == torch.bfloat16:
        return Tensor("bf16", tensor.view(torch.int16).numpy().view("<u2"))
    name = {torch.float32: "f32", torch.float64: "f64", torch.int64: "i64"}[tensor.dtype]
    return Tensor(name, tensor.numpy())


def drawn(preset, table, x_type):
    """q and k: random normals that depend on the preset's name alone."""
    import torch

    generator = torch.Generator().manual_seed(zlib.crc32(preset.name.encode()))
    heads, kv_heads, head_dim = preset.shape
    if not preset.real_heads:
        # PyTorch's complex product depends on how rows end: two heads, as in models.
        heads, kv_heads = (1, 1) if heads == kv_heads and table.kind != "complex" else (2, 1)
    tokens = len(table.positions)
    sizes = {"B": 1, "S": tokens, "D": head_dim, "C": heads * head_dim}
    made = [
        torch.randn([{**sizes, "H": count}[axis] for axis in preset.layout], generator=generator)
        for count in (heads, kv_heads)
    ]
    if preset.layout.endswith("C"):
        made[1] = made[1][..., : kv_heads * head_dim]
    return [x.to({"f32": torch.float32, "bf16": torch.bfloat16}[x_type]) for x in made]


# ---------------------------------------------------------------- the rule, with numpy
def rule(keys, tensors):
    """The keys and tensors of a case in the words of check_numpy."""
    meta = {**keys, "kind": "rotate", "arith": keys["arith_type"]}
    words = {
        "full_dup": "first_half",
        "block_full_dup": "first_half",
        "full_rep": "even_odd",
        "matrices": "half",
        "packed_sin_cos_full_rep": "even_odd",
    }
    meta["table_kind"] = words.get(keys["table_kind"], keys["table_kind"])
    if keys["pairing"] == "interleaved_to_half":
        meta["pairing"], meta["pairing_out"] = "interleaved", "half"
    if keys["table_kind"] == "matrices":  # [.., pairs, 2, 2]: cos, -sin; sin, cos
        t = tensors["freqs"]
        assert (t.raw[..., 0, 0] == t.raw[..., 1, 1]).all() and (
            t.raw[..., 0, 1] == -t.raw[..., 1, 0]
        ).all()
        tensors = {
            **tensors,
            "cos": Tensor(t.dtype, t.raw[..., 0, 0]),
            "sin": Tensor(t.dtype, t.raw[..., 1, 0]),
        }
    if keys["table_kind"] == "packed_sin_cos_full_rep":
        t, width = tensors["freqs"], int(keys["rotary_dim"])
        tensors = {
            **tensors,
            "cos": Tensor(t.dtype, t.raw[..., width:]),
            "sin": Tensor(t.dtype, t.raw[..., :width]),
        }
    return meta, tensors


def recomputed(meta, tensors, name):
    """q_out or k_out by the rule; of block_half, block after block with its part of the table."""
    if meta["pairing"] != "block_half":
        return check_numpy.rotate_ref(meta, tensors, name)[0]
    out, start = tensors[name], int(meta["rotary_offset"])
    for width in map(int, meta["axes_dim"].split(",")):
        part = {
            key: Tensor(t.dtype, t.raw[..., start : start + width]) if key in ("cos", "sin") else t
            for key, t in tensors.items()
        }
        part[name] = out
        block = {**meta, "pairing": "half", "rotary_dim": width, "rotary_offset": start}
        value = check_numpy.rotate_ref(block, part, name)[0]
        bits = check_numpy.encode(out.dtype, value)
        out = Tensor(out.dtype, bits if out.dtype == "bf16" else bits.view(out.raw.dtype))
        start += width
    return out.val


def differing(keys, tensors):
    """How many results the rule does not reproduce, of how many, and by how many units."""
    (meta, tensors), wrong, count, worst = rule(keys, tensors), 0, 0, 0.0
    for x, out in check_numpy.ios(meta):
        value, got = recomputed(meta, tensors, x), tensors[out]
        assert got.dtype == tensors[x].dtype and value.shape == got.val.shape, (
            x,
            got.dtype,
            value.shape,
        )
        assert not np.isnan(got.val).any(), "NaN"
        wrong += check_numpy.compare_bits(check_numpy.encode(got.dtype, value), got, got.dtype)
        worst = max(worst, check_numpy.worst_units(value, got.val, got.dtype, meta["arith"]))
        count += value.size
    return wrong, count, worst


# ---------------------------------------------------------------- making the pack
def keys_of(preset, table, x_type, version):
    """The case's keys, all but what is measured."""
    single = next(iter(table.tensors)) if len(table.tensors) == 1 else None
    table_type = stored(next(iter(table.tensors.values()))).dtype
    rank = ["bf16", "f32", "f64"]
    promoted = max(table_type, x_type, key=rank.index)
    words = ",".join(str(n) for n in preset.axes)
    heads, kv_heads, head_dim = preset.shape
    keys = {
        "family": "M",
        "kind": "model",
        "model": preset.name,
        "source": f"{version} {preset.source}",
        "io": "q>q_out,k>k_out",
        "layout": preset.layout,
        "pairing": preset.pairing,
        "rotary_dim": preset.rotary_dim,
        "rotary_offset": preset.offset,
        "table_kind": table.kind,
        "table_axes": table.axes,
        "table_dtype": table_type,
        "table_held": preset.held,
        "arith": preset.compute,
        "arith_type": {
            "promoted": promoted,
            "wide": max("f32", promoted, key=rank.index),
            "f64": "f64",
        }[preset.compute],
        "out_dtype": "x",
        "steps": preset.steps,
        "heads": heads,
        "kv_heads": kv_heads,
        "head_dim": head_dim,
        "theta": preset.theta,
        "scaling": preset.scaling,
        "terms": preset.terms,
        "position_rule": preset.positions,
        "weights": preset.weights,
        "mrope_section" if "sections" in preset.terms else "axes_dim": words,
    }
    if single:
        keys["table"] = single
    keys.update((k, v) for k, v in preset.keys.items() if k != "rotary_dim")
    return {key: str(value) for key, value in keys.items()}


def case_of(preset, x_type, version, first_form="none"):
    """One case: keys, tensors, and the form of its arithmetic as measured, `first_form` first."""
    table = preset.table(x_type)
    q, k = drawn(preset, table, x_type)
    given = table.native if table.native is not None else table.tensors
    q_out, k_out = preset.apply(q.clone(), k.clone(), given)
    tensors = {"q": stored(q), "k": stored(k), "q_out": stored(q_out), "k_out": stored(k_out)}
    tensors.update((name, stored(t)) for name, t in table.tensors.items())
    tensors["positions"] = stored(np.asarray(table.positions, dtype=np.float64))
    if table.inv_freq is not None:
        tensors["inv_freq"] = stored(table.inv_freq)
    tensors.update((name, stored(t)) for name, t in table.extra.items())
    keys = keys_of(preset, table, x_type, version)
    keys.update({"exact": "bit", "fma": "none"})
    forms = [first_form] + (
        ["none", "sin", "cos", "cos/sin", "sin/cos"] if keys["arith_type"] == "f32" else []
    )
    for keys["fma"] in forms:
        wrong, count, worst = differing(keys, tensors)
        if wrong == 0:
            break
    else:
        keys.update({"fma": "none", "exact": "tol", "tol_ulp": "4"})
        wrong, count, worst = differing(keys, tensors)
        keys["differing"] = f"{wrong} of {count}, worst {worst:.2g} units"
    return keys, tensors


def write_pack(cases):
    """The files of a pack: tensors one after the other, each at a multiple of 64 bytes."""
    os.makedirs(PACK, exist_ok=True)
    index, words, data = [], [], bytearray()
    for name, (keys, tensors) in cases.items():
        words += [f"{name}\t{key}\t{value}\n" for key, value in keys.items()]
        for tensor_name, tensor in tensors.items():
            data.extend(bytes(-len(data) % 64))
            raw = np.ascontiguousarray(tensor.raw).tobytes()
            shape = "x".join(str(n) for n in tensor.raw.shape)
            index.append(
                f"{name}\t{tensor_name}\t{tensor.dtype}\t{shape}\t{len(data)}\t{len(raw)}\n"
            )
            data.extend(raw)
    for file, content in (("index.tsv", index), ("cases.tsv", words)):
        with open(os.path.join(PACK, file), "w", encoding="utf-8") as out:
            out.writelines(content)
    with open(os.path.join(PACK, "data.bin"), "wb") as out:
        out.write(data)
    print(f"{len(cases)} cases, {len(index)} tensors, {len(data)} bytes")


def generate():
    import torch
    from presets import all_presets

    torch.set_num_threads(1)
    cases, failed = {}, 0
    for preset, version in all_presets():
        form = "none"
        for x_type in preset.x_types:
            name = f"M.{preset.name.replace(' ', '_').replace(',', '')}.{x_type}"
            try:
                cases[name] = case_of(preset, x_type, version, form)
            except Exception as error:  # of a library's code: name the model, go on
                failed += 1
                print(f"FAILED {name}: {type(error).__name__}: {error}")
                continue
            keys = cases[name][0]
            form = keys["fma"]  # of the same code in the next type
            if keys["fma"] != "none" or keys["exact"] != "bit":
                print(
                    f"{name}: fma={keys['fma']} exact={keys['exact']} {keys.get('differing', '')}"
                )
            keys["cpu_capability"] = torch.backends.cpu.get_cpu_capability()
    write_pack(cases)
    return failed


def check():
    """Whether the pack's own tables and keys reproduce its results."""
    failed = 0
    cases = check_numpy.read_pack(PACK)
    for name, (keys, tensors) in cases.items():
        wrong, count, worst = differing(keys, tensors)
        good = worst <= float(keys["tol_ulp"]) if keys["exact"] == "tol" else wrong == 0
        if not good:
            failed += 1
            print(f"FAIL {name}: {wrong} of {count} differ, worst {worst:.3g} units")
    print(f"{len(cases) - failed} of {len(cases)} cases reproduced")
    return failed


def print_presets():
    from presets import all_presets

    columns = [
        "name",
        "heads",
        "kv_heads",
        "head_dim",
        "axes",
        "terms",
        "rotary_dim",
        "offset",
        "theta",
        "scaling",
        "pairing",
        "weights",
        "table_type",
        "compute",
        "steps",
        "layout",
        "positions",
        "limit",
        "note",
        "source",
    ]
    print("\t".join(columns))
    for preset, version in all_presets():
        row = [
            preset.name,
            *preset.shape,
            ",".join(map(str, preset.axes)),
            preset.terms,
            preset.rotary_dim,
            preset.offset,
            f"{preset.theta:g}",
            preset.scaling,
            preset.pairing,
            preset.weights,
            preset.held,
            preset.compute,
            preset.steps,
            preset.layout,
            preset.positions,
            preset.keys.get("max_position_embeddings", ""),
            preset.keys.get("note", ""),
            f"{version} {preset.source}",
        ]
        print("\t".join(str(value) for value in row))


if __name__ == "__main__":
    mode = sys.argv[1] if len(sys.argv) > 1 else ""
    sys.exit(1 if {"--check": check, "--presets": print_presets, "": generate}[mode]() else 0)
