#!/usr/bin/env python3
"""The golden pack `prologues`: how whole models' own attention begins.

    python3 generate_prologues.py            writes index.tsv, cases.tsv and data.bin

Needs torch, transformers and diffusers, on a CPU and without weights.  Each case is one run of a
model's own attention module with the heads, head_dim and eps of the model, on a few tokens: the
product of its projections goes in, and what it hands to the attention function comes out, so that
slices, norm and rotation are its own code.  The table is that of the model's rotary module.

Of every preset that states a norm there is also a case of the norm alone, on one token: the module
that the whole model, made of its class's own configuration, has in the attention of its blocks.
"""

import importlib
import inspect
import os
import zlib

import generate_models
import model_norms
import torch

PACK = os.path.join(generate_models.HERE, "prologues")
WIDTH = 16  # of the hidden states: no bits of a case depend on how they are projected


class Captured(Exception):
    """Queries and keys as the attention function gets them; the rest of the module is not run."""


def capture(query, key, *_, **__):
    raise Captured(query, key)


def drawn_weights(attention, names):
    """Random numbers around 1 for the weights of the norms, whose fresh ones are all equal."""
    with torch.no_grad():
        for name in names:
            weight = getattr(attention, name).weight
            weight.copy_(1 + 0.5 * torch.randn(weight.shape))
    return [getattr(attention, name).weight for name in names]


def captured(run):
    try:
        run()
    except Captured as found:
        return found.args
    raise AssertionError("the attention function was not called")


def of_diffusers(name, family, heads, head_dim, table, table_kind):
    """A video model of diffusers: one projection for all, norms over all heads."""
    module = importlib.import_module(f"diffusers.models.transformers.transformer_{family.lower()}")
    model = getattr(module, f"{family}Transformer3DModel")
    eps = inspect.signature(model).parameters["eps"].default
    processor = getattr(module, f"{family}AttnProcessor")()
    attention = getattr(module, f"{family}Attention")(
        WIDTH, heads, head_dim, eps=eps, processor=processor
    )
    attention = attention.to(torch.bfloat16)
    attention.fuse_projections()
    q_weight, k_weight = drawn_weights(attention, ["norm_q", "norm_k"])
    rotary, tensors = table(module)
    hidden = torch.randn(1, next(iter(tensors.values())).shape[1], WIDTH).to(torch.bfloat16)
    module.dispatch_attention_fn = capture
    query, key = captured(lambda: attention(hidden, rotary_emb=rotary))
    tensors = {
        "qkv": attention.to_qkv(hidden),
        "q_weight": q_weight,
        "k_weight": k_weight,
        "q_out": query,
        "k_out": key,
        **tensors,
    }
    keys = {
        "source": f"{name} transformer_{family.lower()}.{family}Attention, {family}AttnProcessor",
        "kv_heads": heads,
        "table_kind": table_kind,
    }
    return keys, tensors


def wan(name):
    def table(module):
        cos, sin = module.WanRotaryPosEmbed(128, (1, 2, 2), 1024)(torch.empty(1, 16, 2, 2, 4))
        cos, sin = (t.reshape(1, -1, 128) for t in (cos, sin))
        # as the model hands them over: [1, tokens, 1, head_dim]
        return (cos.unsqueeze(2), sin.unsqueeze(2)), {"cos": cos, "sin": sin}

    return of_diffusers(name, "Wan", 40, 128, table, "full_rep")


def helios(name):
    def table(module):
        rope = module.HeliosRotaryPosEmbed((44, 42, 42), 10000.0)
        made = rope(torch.tensor([[19, 20]]), 1, 2, torch.device("cpu")).flatten(2).transpose(1, 2)
        return made, {"freqs": made}

    return of_diffusers(name, "Helios", 40, 128, table, "packed_cos_sin")


def qwen3(name):
    from transformers.models.qwen3 import modeling_qwen3 as module

    config = module.Qwen3Config(
        hidden_size=WIDTH,
        num_attention_heads=32,
        num_key_value_heads=8,
        head_dim=128,
        rope_parameters={"rope_type": "default", "rope_theta": 1e6},
    )
    config._attn_implementation = "eager"
    attention = module.Qwen3Attention(config, 0).to(torch.bfloat16)
    q_weight, k_weight = drawn_weights(attention, ["q_norm", "k_norm"])
    hidden = torch.randn(1, 4, WIDTH).to(torch.bfloat16)
    cos, sin = module.Qwen3RotaryEmbedding(config)(hidden, torch.arange(9, 13)[None])
    module.eager_attention_forward = lambda _, query, key, *__, **___: capture(query, key)
    query, key = captured(lambda: attention(hidden, (cos, sin), None))
    projections = (attention.q_proj, attention.k_proj, attention.v_proj)
    tensors = {
        "qkv": torch.cat([projection(hidden) for projection in projections], -1),
        "q_weight": q_weight,
        "k_weight": k_weight,
        "q_out": query.transpose(1, 2),
        "k_out": key.transpose(1, 2),
        "cos": cos,
        "sin": sin,
    }
    keys = {
        "source": f"{name} modeling_qwen3.Qwen3Attention",
        "kv_heads": 8,
        "table_kind": "full_dup",
    }
    return keys, tensors


def name_of(model):
    return model.replace(" ", "_").replace(",", "")


def generate():
    import diffusers
    import transformers

    torch.set_num_threads(1)
    of = f"diffusers {diffusers.__version__}"
    of_hugging_face = f"transformers {transformers.__version__}"
    cases = {}
    for model, make, version in (
        ("Wan2.2 A14B", wan, of),
        ("Helios", helios, of),
        ("Qwen3 8B", qwen3, of_hugging_face),
    ):
        torch.manual_seed(zlib.crc32(model.encode()))
        with torch.no_grad():
            keys, tensors = make(version)
        keys = {
            "family": "P",
            "kind": "prologue",
            "model": model,
            "io": "qkv>q_out,qkv>k_out",
            **keys,
        }
        cases[f"P.{name_of(model)}.prologue.bf16"] = keys, tensors
    for model, whole, *places in model_norms.models_with_norms():
        torch.manual_seed(zlib.crc32(model.encode()))
        with torch.no_grad():
            keys, tensors = model_norms.norm_case(whole, *places)
        keys = {"family": "P", "kind": "norm", "model": model, **keys}
        version = of if model in model_norms.OF_DIFFUSERS else of_hugging_face
        keys["source"] = f"{version} {keys['source']}"
        cases[f"P.{name_of(model)}.norm.bf16"] = keys, tensors
    for name, (keys, tensors) in cases.items():
        keys = {
            **keys,
            "layout": "BSHD",
            "exact": "bit",
            "torch": torch.__version__,
            "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        }
        cases[name] = (
            {key: str(value) for key, value in keys.items()},
            {name: generate_models.stored(tensor) for name, tensor in tensors.items()},
        )
    generate_models.PACK = PACK
    generate_models.write_pack(cases)


if __name__ == "__main__":
    generate()
