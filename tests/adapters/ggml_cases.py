"""Runs ggml's adapter as a custom operator in graphs of ggml, and compares ggml's own operator.

usage: ggml_cases.py BRIDGE
ggml is that of pywhispercpp, whose wheel brings its libraries.
"""

from __future__ import annotations

import ctypes as c
import dataclasses
import importlib.metadata
import importlib.util
import itertools
import math
import pathlib
import sys

import comparing
import numpy as np

GGML = "0.13.1"  # whose kernel is emulated
TYPES = {np.dtype(np.float32): 0, np.dtype(np.float16): 1, np.dtype(np.int32): 26}
F32, F16 = list(TYPES)[:2]


class Rope(c.Structure):
    """What the adapter takes as userdata."""

    _fields_ = [
        ("n_dims", c.c_int),
        ("mode", c.c_int),
        ("n_ctx_orig", c.c_int),
        ("freq_base", c.c_float),
        ("freq_scale", c.c_float),
        ("ext_factor", c.c_float),
        ("attn_factor", c.c_float),
        ("beta_fast", c.c_float),
        ("beta_slow", c.c_float),
    ]


# ggml ---------------------------------------------------------------------------------------------


class InitParams(c.Structure):
    _fields_ = [("mem_size", c.c_size_t), ("mem_buffer", c.c_void_p), ("no_alloc", c.c_bool)]


class Ggml:
    def __init__(self, folder):
        pointer, number, size = c.c_void_p, c.c_float, c.c_int64
        (base,) = folder.glob("libggml-base*")
        (cpu,) = folder.glob("libggml-cpu*")
        base = c.CDLL(str(base), mode=c.RTLD_GLOBAL)
        cpu = c.CDLL(str(cpu), mode=c.RTLD_GLOBAL)

        def function(library, name, result, *parameters):
            of = getattr(library, "ggml_" + name)
            of.restype, of.argtypes = result, parameters
            return of

        function(cpu, "cpu_init", None)()
        self.version = function(base, "version", c.c_char_p)().decode()
        self.init = function(base, "init", pointer, InitParams)
        self.free = function(base, "free", None, pointer)
        self.new = function(base, "new_tensor_4d", pointer, pointer, c.c_int, *4 * [size])
        self.data = function(base, "get_data", pointer, pointer)
        self.rope = function(
            base, "rope_ext", pointer, *4 * [pointer], *3 * [c.c_int], *6 * [number]
        )
        self.custom = function(base, "map_custom3", pointer, *5 * [pointer], c.c_int, pointer)
        self.graph = function(base, "new_graph", pointer, pointer)
        self.expand = function(base, "build_forward_expand", None, pointer, pointer)
        self.compute = function(cpu, "graph_compute_with_ctx", c.c_int, *2 * [pointer], c.c_int)

    def run(self, make, arrays, threads=1):
        """The output of a graph of one operator: make(context, *tensors of the arrays)."""
        context = self.init(InitParams(1 << 24, None, False))
        tensors = []
        for array in arrays:
            sizes = array.shape[::-1] + (1,) * (4 - array.ndim)
            tensors.append(self.new(context, TYPES[array.dtype], *sizes))
            c.memmove(self.data(tensors[-1]), array.ctypes.data, array.nbytes)
        y = make(context, *tensors)
        graph = self.graph(context)
        self.expand(graph, y)
        assert self.compute(context, graph, threads) == 0
        out = np.empty_like(arrays[0])
        c.memmove(out.ctypes.data, self.data(y), out.nbytes)
        self.free(context)
        return out


@dataclasses.dataclass
class Case:
    x: np.ndarray  # [batch, seq, heads, head_dim]
    positions: np.ndarray
    factors: np.ndarray
    rope: Rope

    def by_adapter(self, ggml, bridge, threads):
        """In a graph of ggml, on threads of ggml."""
        callback = c.cast(bridge.library.bridge_ggml_rope, c.c_void_p)
        userdata = c.addressof(self.rope)
        return ggml.run(
            lambda context, *tensors: ggml.custom(context, *tensors, callback, -1, userdata),
            [self.x, self.positions, self.factors],
            threads,
        )

    def by_ggml(self, ggml):
        told = [getattr(self.rope, name) for name, _ in Rope._fields_]
        return ggml.run(
            lambda context, *tensors: ggml.rope(context, *tensors, *told),
            [self.x, self.positions, self.factors],
        )

    def turned(self, cos, sin, turn):
        """x by cos and sin [seq, pairs], in float, rounded once to its type."""
        features, interleaved = self.rope.n_dims, self.rope.mode == 0
        first, second = comparing.pairs_of(features, interleaved)
        wide = self.x.astype(np.float32)
        pair = wide[..., first], wide[..., second], cos[:, None], sin[:, None]
        out = wide.copy()
        out[..., first], out[..., second] = turn(*pair)
        return np.concatenate(
            [out[..., :features].astype(self.x.dtype), self.x[..., features:]], axis=-1
        )


def cases():
    random = np.random.default_rng(1)
    scalings = (1, 0), (0.25, 0), (0.25, 1), (0.25, 0.5)
    for dtype, mode, n_dims, (scale, extension), has_factors in itertools.product(
        (F32, F16), (0, 2), (128, 64, 50), scalings, (False, True)
    ):
        rope = Rope(n_dims, mode, 4096, 1e4, scale, extension, 1.25, 32, 1)
        factors = np.ones(n_dims // 2, np.float32)
        if has_factors:
            factors += random.random(n_dims // 2, np.float32)
        x = random.standard_normal((2, 7, 3, 128)).astype(dtype)
        positions = random.integers(-5, 40000, 7).astype(np.int32)
        yield Case(x, positions, factors, rope)


# cos and sin --------------------------------------------------------------------------------------


def exact_table(case):
    """By ggml's formula in double, each step by libm, rounded once to float."""
    rope = case.rope
    low = high = 0.0
    magnitude = rope.attn_factor
    if rope.ext_factor:

        def pair_of(turns):
            wavelength = rope.n_ctx_orig / (turns * 2 * math.pi)
            return rope.n_dims * math.log(wavelength) / (2 * math.log(rope.freq_base))

        low = max(0.0, math.floor(pair_of(rope.beta_fast)))
        high = min(rope.n_dims - 1.0, math.ceil(pair_of(rope.beta_slow)))
        magnitude *= 1 + 0.1 * math.log(1 / rope.freq_scale)
    table = np.empty((2, len(case.positions), len(case.factors)), np.float32)
    for pair, factor in enumerate(case.factors):
        beyond = min(1.0, max(0.0, (pair - low) / max(0.001, high - low)))
        kept = (1 - beyond) * rope.ext_factor
        frequency = 1 / math.pow(rope.freq_base, 2 * pair / rope.n_dims)
        frequency = frequency * (rope.freq_scale * (1 - kept) + kept) / float(factor)
        for s, position in enumerate(case.positions):
            angle = int(position) * frequency
            table[:, s, pair] = math.cos(angle) * magnitude, math.sin(angle) * magnitude
    return table


def libm(name, parameters=1):
    function = getattr(c.CDLL("libm.so.6"), name)
    function.restype, function.argtypes = c.c_float, parameters * [c.c_float]
    return lambda *values: np.float32(function(*values))


cosf, sinf, logf, powf = libm("cosf"), libm("sinf"), libm("logf"), libm("powf", 2)


def ggml_table(case, bridge):
    """As ggml's kernel makes it, in float; its compiler fuses a product of the mixed angles."""
    rope, one = case.rope, np.float32(1)
    number = {name: np.float32(getattr(rope, name)) for name, _ in Rope._fields_}
    magnitude, low, high = number["attn_factor"], np.float32(0), np.float32(0)
    if rope.ext_factor:

        def pair_of(turns):
            wavelength = number["n_ctx_orig"] / (turns * 2 * np.float32(math.pi))
            return number["n_dims"] * logf(wavelength) / (2 * logf(number["freq_base"]))

        low = max(low, np.floor(pair_of(number["beta_fast"])))
        high = min(number["n_dims"] - 1, np.ceil(pair_of(number["beta_slow"])))
        magnitude *= one + np.float32(0.1) * logf(one / number["freq_scale"])
    theta = case.positions.astype(np.float32)
    step = powf(number["freq_base"], np.float32(-2) / number["n_dims"])
    angles = np.empty((len(theta), len(case.factors)), np.float32)
    for pair, factor in enumerate(case.factors):
        of_pair = theta / factor
        angles[:, pair] = number["freq_scale"] * of_pair
        if rope.ext_factor:
            beyond = (np.float32(pair) - low) / max(np.float32(0.001), high - low)
            mix = (one - min(one, max(np.float32(0), beyond))) * number["ext_factor"]
            angles[:, pair] = bridge.fused(angles[:, pair], one - mix, of_pair * mix)
        theta = theta * step
    both = [np.array([[of(a) for a in row] for row in angles]) for of in (cosf, sinf)]
    return [each * magnitude for each in both]


def ggml_turn(case, bridge):
    """As ggml's kernel rounds: the product of the first feature is fused into the sum, but for the
    last of an odd number of interleaved pairs of floats, which its compiler leaves to another loop.
    """

    def turn(a, b, cos, sin):
        outs = bridge.first_fused(a, b, cos, sin)
        if case.x.dtype == F32 and case.rope.mode == 0 and a.shape[-1] % 2:
            for out, unfused in zip(outs, comparing.by_definition(a, b, cos, sin)):
                out[..., -1] = unfused[..., -1]
        return outs

    return turn


# All of it ----------------------------------------------------------------------------------------


def main():
    spec = importlib.util.find_spec("pywhispercpp")
    if spec is None:
        print("note: skipped ggml: pip could not install pywhispercpp")
        return 77
    if not comparing.has_fused_kernels():
        print("note: skipped ggml: pywhispercpp's is for x86-64 with AVX2 and FMA")
        return 77
    ggml = Ggml(pathlib.Path(spec.origin).parents[1] / "pywhispercpp.libs")
    bridge = comparing.Bridge(sys.argv[1])
    must, beside, explained = comparing.Count(), comparing.Count(), comparing.Count()
    for case in cases():
        wanted = case.turned(*exact_table(case), comparing.by_definition)
        for threads in (1, 3):
            ours = case.by_adapter(ggml, bridge, threads)
            must.add(f"the adapter in graphs of ggml, {case.x.dtype}", ours, wanted)
        theirs = case.by_ggml(ggml)
        beside.add(f"ggml's own operator, {case.x.dtype}", theirs, wanted)
        emulated = case.turned(*ggml_table(case, bridge), ggml_turn(case, bridge))
        explained.add(f"ggml's own, its steps in float, {case.x.dtype}", theirs, emulated)
    print(f"ggml {ggml.version} of pywhispercpp {importlib.metadata.version('pywhispercpp')}")
    for count in (must, beside, explained):
        count.print()
    if must.found():
        return 1
    if ggml.version == GGML:
        return 1 if explained.found() else 0
    print(
        f"note: skipped the verdict on ggml: {explained.found()} values are not what the kernel of "
        f"{GGML} would make"
    )
    return 77


if __name__ == "__main__":
    sys.exit(main())
