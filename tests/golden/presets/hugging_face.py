"""How transformers' (Hugging Face's) rotary code is run: modules made from configurations."""

import importlib

import torch
import transformers

from .preset import Preset, Table

VERSION = f"transformers {transformers.__version__}"
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}
PERMUTED = "half is Hugging Face's; Meta's and GGUF's weights are interleaved"
GGUF_PERMUTED = "half is Hugging Face's; GGUF's weights are interleaved"
NEOX = "half in Hugging Face's and GGUF's weights"
GPTJ = "interleaved in Hugging Face's and GGUF's weights"
NO_GGUF = "interleaved in Hugging Face's weights"


def of(module, name):
    """A class or function of a model's file, or of its configuration's."""
    prefix = "configuration" if name.endswith("Config") else "modeling"
    return getattr(
        importlib.import_module(f"transformers.models.{module}.{prefix}_{module}"), name
    )


def classes(code):
    """Module, configuration class and rotary class of "mistral Mistral", or of all three."""
    module, *names = code.split()
    if len(names) == 1:
        names = [names[0] + "Config", names[0] + "RotaryEmbedding"]
    return [module, *names]


def spread(limit, count):
    """Token ids up to a model's length."""
    ids = [0, 1, 17, limit // 3 + 1, limit - 1]
    return ids[-count:]


def words(rope):
    return ";".join(f"{key}={value}" for key, value in rope.items() if not isinstance(value, list))


def sliced(apply, first, width, axis=-1):
    """What attention layers do around a function that turns all it is given."""

    def run(q, k, table):
        parts = [x.narrow(axis, first, width) for x in (q, k)]
        outs = []
        for x, turned in zip((q, k), apply(*parts, table)):
            rest = [
                x.narrow(axis, 0, first),
                turned,
                x.narrow(axis, first + width, x.shape[axis] - first - width),
            ]
            outs.append(torch.cat(rest, dim=axis).to(x.dtype))
        return tuple(outs)

    return run


def language(
    name,
    code,
    shape,
    theta,
    limit,
    rope=None,
    config=None,
    *,
    axes=None,
    layer=None,
    pairing="half",
    kind="full_dup",
    held="x",
    compute="promoted",
    weights=NEOX,
    offset=0,
    terms="axis_after_axis",
    function="apply_rotary_pos_emb",
    one=False,
    slices=False,
    layout="BHSD",
    ids=None,
    scaling="none",
    more=None,
    **keys,
):
    """A decoder: a rotary module made from a configuration, and a function of q, k, cos and sin.

    code: as of `classes`.  rope: further rope parameters.  layer: the type of
    layer where a model has several tables.  one: the function turns one tensor.  slices: the
    attention layer cuts out what turns.  more: further tensors to store.
    """
    module, config_class, rotary_class = classes(code)
    heads, kv_heads, head_dim = shape
    rope = {"rope_type": "default", "rope_theta": float(theta), **(rope or {})}
    axes = axes or (int(head_dim * rope.get("partial_rotary_factor", 1)),)

    def table(x_type):
        made = of(module, config_class)()
        values = {
            "hidden_size": heads * head_dim,
            "num_attention_heads": heads,
            "num_key_value_heads": kv_heads,
            "head_dim": head_dim,
            "max_position_embeddings": limit,
            **(config or {}),
            "rope_parameters": {layer: rope} if layer else rope,
        }
        if layer:
            values["layer_types"] = [layer]
        for key, value in values.items():
            if not isinstance(getattr(type(made), key, None), property):
                setattr(made, key, value)
        rotary = of(module, rotary_class)(made)
        tokens = ids or [(i,) for i in spread(limit, 3 if head_dim > 192 else 5)]
        position_ids = torch.tensor(tokens).T[:, None, :]  # [axes, 1, tokens]
        if len(tokens[0]) == 1:
            position_ids = position_ids[0]
        x = torch.zeros(1, dtype=DTYPES[x_type])
        result = rotary(x, position_ids, layer) if layer else rotary(x, position_ids)
        inv_freq = getattr(rotary, f"{layer}_inv_freq" if layer else "inv_freq")
        tensors = {"freqs": result} if kind == "complex" else dict(zip(("cos", "sin"), result))
        return Table(tensors, kind, "BS", tokens, inv_freq, extra=more or {})

    turn = of(module, function)

    def apply(q, k, tensors):
        given = [tensors["freqs"]] if kind == "complex" else [tensors["cos"], tensors["sin"]]
        if one:
            return turn(q, *given), turn(k, *given)
        return turn(q, k, *given)

    if slices:
        apply = sliced(apply, offset, sum(axes) * (2 if "sections" in terms else 1))
    keys = {"max_position_embeddings": limit, "rope_parameters": words(rope), **keys}
    source = f"{module}.{rotary_class}" + (f" ({layer})" if layer else "") + f", {function}"
    return Preset(
        name,
        shape,
        axes,
        theta,
        source,
        table,
        apply,
        layout,
        pairing,
        scaling,
        terms,
        held,
        compute,
        offset,
        "token ids" if len(axes) == 1 else "ids t, h, w (equal for text)",
        weights,
        keys=keys,
    )


def llama3(factor, low=1.0, high=4.0, length=8192):
    rope = {
        "rope_type": "llama3",
        "factor": float(factor),
        "low_freq_factor": low,
        "high_freq_factor": high,
        "original_max_position_embeddings": length,
    }
    return {"rope": rope, "scaling": f"Llama3{{{factor}, {low:g}, {high:g}, {length}}}"}


def yarn(factor, length, **more):
    rope = {
        "rope_type": "yarn",
        "factor": float(factor),
        "original_max_position_embeddings": length,
        **more,
    }
    said = "".join(f", {key}={value}" for key, value in more.items())
    return {"rope": rope, "scaling": f"Yarn{{{factor}, {length}{said}}}"}


def partial(factor):
    return {"rope": {"partial_rotary_factor": factor}}
