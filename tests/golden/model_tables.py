#!/usr/bin/env python3
"""Whether the pack `models` says of each model what its table was made from.

    python3 model_tables.py [DIR]         needs numpy only

Makes every table again from the keys of its case and from `positions`, in the steps that the key
`steps` names: f32 (each step rounded to float: exponents, frequencies, angles, cos and sin), f64
(rounded once, at the end) or f32_angles (double up to the angle, which is rounded to float).
Prints, for each table of floats or doubles: how many values differ from the model's own, by how
much at most, and how far the frequencies are from `inv_freq` where the model has them.  Exit status
0 only if no table is further off than an ulp of frequency, multiplied by the position, explains.
"""

import math
import os
import sys

import numpy as np

import check_numpy
from generate_models import rule

F32 = np.float32


def scaling_of(keys):
    """("Yarn", [4.0, 32768.0], {"truncate": False}) of "Yarn{4, 32768, truncate=False}"."""
    name, _, rest = keys["scaling"].partition("{")
    values, named = [], {}
    for word in filter(None, (part.strip() for part in rest.partition("}")[0].split(","))):
        key, _, value = word.rpartition("=")
        if value in ("short", "long"):
            named["which"] = value
            continue
        value = value == "True" if value in ("True", "False") else float(value)
        if key:
            named[key] = value
        else:
            values.append(value)
    return name, values, named


def base_list(width, theta, steps):
    """theta^(-2i / width)."""
    if steps == "f32":
        exponents = (np.arange(0, width, 2, dtype=F32) / F32(width)).astype(np.float64)
        return (F32(1) / np.power(theta, exponents).astype(F32)).astype(np.float64)
    return 1 / np.power(theta, np.arange(0, width, 2) / width)


def powers(width, theta):
    """theta^(2i / width) in float."""
    exponents = (np.arange(0, width, 2, dtype=F32) / F32(width)).astype(np.float64)
    return np.power(theta, exponents).astype(F32)


def yarn(width, theta, factor, length, beta_fast=32.0, beta_slow=1.0, truncate=True, **_):
    """Every step in float, as the code takes it."""

    def correction(turns):
        return width * math.log(length / (turns * 2 * math.pi)) / (2 * math.log(theta))

    low, high = correction(beta_fast), correction(beta_slow)
    if truncate:
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, width - 1)
    high += 0.001 if low == high else 0
    ramp = np.clip((np.arange(width // 2, dtype=F32) - F32(low)) / F32(high - low), F32(0), F32(1))
    kept = F32(1) - ramp
    plain = F32(1) / powers(width, theta)
    divided = F32(1) / (F32(factor) * powers(width, theta))
    return (divided * (F32(1) - kept) + plain * kept).astype(np.float64)


def llama3(plain, factor, low, high, length):
    """Every step in float; PyTorch divides a number by a tensor as a reciprocal, then a product."""
    plain = plain.astype(F32)
    waves = (F32(1) / plain) * F32(2 * math.pi)
    turns = (F32(1) / waves) * F32(length)
    with np.errstate(all="ignore"):  # Llama 4 Scout: low and high are the same
        smooth = (turns - F32(low)) / F32(high - low)
        mixed = (F32(1) - smooth) * plain / F32(factor) + smooth * plain
    slow, fast = waves > F32(length / low), waves < F32(length / high)
    return np.where(slow, plain / F32(factor), np.where(fast, plain, mixed)).astype(np.float64)


def gain(factor, scale=1.0):
    return 1.0 if factor <= 1 else 0.1 * scale * math.log(factor) + 1


def scaled_list(width, keys, theta, tensors):
    """The frequencies of an axis, and what cos and sin are multiplied by."""
    name, values, named = scaling_of(keys)
    plain = base_list(width, theta, keys["steps"])
    if keys.get("frequency_form") == "exp":  # exp(-ln(theta) * i / pairs), each step in float
        steps = F32(-math.log(theta)) * np.arange(width // 2, dtype=F32) / F32(width // 2)
        plain = np.exp(steps.astype(np.float64)).astype(F32).astype(np.float64)
    if name == "none" or "on the first axis" in keys["scaling"]:
        return plain, 1.0
    if name == "Linear":
        return plain / values[0], 1.0
    if name == "StaticNtk":
        return base_list(width, theta * values[0] ** (width / (width - 2)), keys["steps"]), 1.0
    if name == "Proportional":
        turning = int(values[0] * width // 2)
        return np.where(np.arange(width // 2) < turning, plain, 0), 1.0
    if name == "LongRope":
        factors = tensors["long_factors"].val if named["which"] == "long" else np.ones(width // 2)
        frequencies = F32(1) / (factors.astype(F32) * powers(width, theta))
        return frequencies.astype(np.float64), math.sqrt(
            1 + math.log(values[0]) / math.log(values[1])
        )
    if name == "Llama3":
        return llama3(plain, *values), 1.0
    assert name == "Yarn", name
    factor = values[0]
    if "attention_factor" in named:
        attention = named["attention_factor"]
    elif named.get("mscale") and named.get("mscale_all_dim"):
        attention = gain(factor, named["mscale"]) / gain(factor, named["mscale_all_dim"])
    else:
        attention = gain(factor)
    return yarn(width, theta, *values, **named), attention


def increasing_terms(keys, widths):
    """LTX: pi / 2 * theta^(j / (n - 1)) over all heads together, identity pairs in front."""
    count, double = widths[0] // 2, keys["frequency_steps"] == "f64"
    if double:
        powers_of = np.power(float(keys["theta"]), np.arange(count) / (count - 1))
    else:  # torch.linspace counts from both ends, fused
        step, numbers = np.float64(F32(1) / F32(count - 1)), np.arange(count)
        exponents = np.where(
            numbers < count // 2, step * numbers, 1 - step * (count - 1 - numbers)
        ).astype(F32)
        powers_of = np.power(float(keys["theta"]), exponents.astype(np.float64)).astype(F32)
    if double:
        frequencies = (powers_of * math.pi / 2).astype(F32).astype(np.float64)
    else:
        frequencies = (powers_of * F32(math.pi) / F32(2)).astype(np.float64)
    terms = [(axis, f) for f in frequencies for axis in range(len(widths))]
    return [(0, 0.0)] * (int(keys["identity_lanes"]) // 2) + terms, 1.0


def terms_of(keys, tensors):
    """For each pair: the axis that turns it and its frequency; and the attention factor."""
    theta = float(keys["theta"])
    if "mrope_section" in keys:
        parts = [int(word) for word in keys["mrope_section"].split(",")]
        shared, attention = scaled_list(2 * sum(parts), keys, theta, tensors)
        pairs = len(shared)
        if keys["terms"] == "contiguous_sections":
            axes = np.repeat(np.arange(3), parts)
        elif keys["terms"] == "interleaved_sections":
            axes = np.array([i % 3 if i % 3 and i < 3 * parts[i % 3] else 0 for i in range(pairs)])
        else:  # sections h, w, t; ids t, h, w
            axes = np.array([1 + i % 2 if i < parts[0] + parts[1] else 0 for i in range(pairs)])
        return list(zip(axes, shared)), attention
    widths = [int(word) for word in keys["axes_dim"].split(",")]
    if keys.get("frequency_order") == "increasing":
        return increasing_terms(keys, widths)
    if "even" in keys["terms"]:  # Pixtral: one list for both axes
        shared, attention = scaled_list(sum(widths), keys, theta, tensors)
        return [(axis, f) for axis in (0, 1) for f in shared[axis::2]], attention
    lists, attention = [], 1.0
    for axis, width in enumerate(widths):
        own = theta
        if axis == 0 and "on the first axis" in keys["scaling"]:
            own = theta * scaling_of(keys)[1][0] ** (width / (width - 2))
        values, attention = scaled_list(width, keys, own, tensors)
        lists.append([(axis, f) for f in values])
    if keys["terms"] == "alternating":
        return [term for group in zip(*lists) for term in group], attention
    return [term for group in lists for term in group], attention


def own_table(keys, positions, tensors):
    """cos and sin [tokens, pairs] by the keys, in double."""
    terms, attention = terms_of(keys, tensors)
    axes, frequencies = (np.array(column) for column in zip(*terms))
    if keys["steps"] == "f32":
        frequencies = frequencies.astype(F32).astype(np.float64)
    angles = positions[:, axes] * frequencies
    if keys["steps"] != "f64":
        angles = angles.astype(F32).astype(np.float64)
    cos, sin = np.cos(angles), np.sin(angles)
    if keys["steps"] == "f32":  # cos and sin in float, then the factor
        cos, sin = cos.astype(F32) * F32(attention), sin.astype(F32) * F32(attention)
    return cos.astype(np.float64), sin.astype(np.float64), angles, frequencies


def held_table(keys, tensors):
    """cos and sin [tokens, pairs] as the model's code holds them (heads of LTX one after the other)."""
    meta, tensors = rule(keys, tensors)
    width = int(keys["rotary_dim"])
    if keys["pairing"] == "block_half":
        lanes, start = [], 0
        for part in map(int, keys["axes_dim"].split(",")):
            lanes += range(start, start + part // 2)
            start += part
        cos, sin = (tensors[name].val[..., lanes] for name in ("cos", "sin"))
    else:
        cos, _, sin, _, _ = check_numpy.table_lanes(meta, tensors, width)
    if keys["table_axes"] == "BHS":  # one row a head: heads side by side
        cos, sin = (np.moveaxis(t, 1, 2) if t.shape[1] != 1 else t for t in (cos, sin))
    tokens = len(tensors["positions"].val)
    return cos.reshape(tokens, -1), sin.reshape(tokens, -1)


def main(root):
    failed = 0
    print("model\ttable\tsteps\tvalues\tdiffering\tworst\tinv_freq_relative")
    for name, (keys, tensors) in check_numpy.read_pack(root).items():
        positions = tensors["positions"].val.reshape(len(tensors["positions"].val), -1)
        cos, sin, angles, frequencies = own_table(keys, positions, tensors)
        held = held_table(keys, tensors)
        kind = keys["table_dtype"]
        off = [np.abs(own - got.astype(np.float64)) for own, got in zip((cos, sin), held)]
        wrong = sum(
            int(np.count_nonzero(check_numpy.rnd(kind, own) != got))
            for own, got in zip((cos, sin), held)
        )
        unit = {"f64": 2e-15, "f32": 2e-7, "bf16": 2.0**-8}[kind]
        ulp = {"f64": 2.0**-51, "f32": 3e-7}["f64" if keys["steps"] != "f32" else "f32"]
        if keys["steps"] == "f32_angles":
            ulp = 1e-7
        limit = 1.5 * (unit + ulp * np.abs(angles))
        good = all((part <= limit).all() for part in off)
        relative = ""
        if (
            "inv_freq" in tensors
            and keys["terms"] == "axis_after_axis"
            and keys["axes_dim"].count(",") == 0
        ):
            got = tensors["inv_freq"].val.astype(np.float64)
            nonzero = got != 0
            relative = f"{np.max(np.abs(frequencies[nonzero] / got[nonzero] - 1)):.2g}"
        failed += not good
        worst = max(float(part.max()) for part in off)
        if kind != "bf16" or not good:
            words = [
                keys["model"],
                kind,
                keys["steps"],
                str(2 * cos.size),
                str(wrong),
                f"{worst:.2g}",
                relative,
            ]
            print(("" if good else "FAIL ") + "\t".join(words))
    return failed


if __name__ == "__main__":
    folder = (
        sys.argv[1]
        if len(sys.argv) > 1
        else os.path.join(os.path.dirname(os.path.abspath(__file__)), "models")
    )
    sys.exit(1 if main(folder) else 0)
