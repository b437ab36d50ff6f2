// Presets of language models; several axes are those of M-RoPE: t, h, w.
#ifndef ROPEWALK_MODELS_LANGUAGE_HPP
#define ROPEWALK_MODELS_LANGUAGE_HPP

#include "ropewalk/base/config.hpp"
#include "ropewalk/build/frequency_types.hpp"
#include "ropewalk/build/model_types.hpp"
#include "ropewalk/options.hpp"

ROPEWALK_BEGIN_NAMESPACE

/// Source   the models' configurations; vllm-omni 62bf8d63, diffusers 58eb52c080, transformers 5.17
inline constexpr Model language_models[] = {
    Model("Llama 2 7B", {32, 32, 128}).with_axes(128).with_theta(1e4).with_pairing(Pairing::half),
    Model("Llama 3 8B", {32, 8, 128}).with_axes(128).with_theta(5e5).with_pairing(Pairing::half),
    Model("Llama 3.1 8B", {32, 8, 128})
        .with_axes(128)
        .with_theta(5e5)
        .with_pairing(Pairing::half)
        .with_scaling(Llama3{8, 1, 4, 8192}),
    Model("Llama 3.2 1B", {32, 8, 64})
        .with_axes(64)
        .with_theta(5e5)
        .with_pairing(Pairing::half)
        .with_scaling(Llama3{32, 1, 4, 8192}),
    Model("Mistral 7B", {32, 8, 128}).with_axes(128).with_theta(1e4).with_pairing(Pairing::half),
    Model("Qwen2 7B", {28, 4, 128}).with_axes(128).with_theta(1e6).with_pairing(Pairing::half),
    Model("Qwen3 8B", {32, 8, 128}).with_axes(128).with_theta(1e6).with_pairing(Pairing::half),
    Model("Qwen3 8B, YaRN 4x", {32, 8, 128})
        .with_axes(128)
        .with_theta(1e6)
        .with_pairing(Pairing::half)
        .with_scaling(Yarn{4, 32768}),
    Model("gpt-oss", {64, 8, 64})
        .with_axes(64)
        .with_theta(150000)
        .with_pairing(Pairing::half)
        .with_scaling(Yarn{32, 4096}.without_truncation()),
    Model("GPT-J 6B", {16, 16, 256}).with_axes(64).with_theta(1e4),
    Model("GPT-NeoX 20B", {64, 64, 96}).with_axes(24).with_theta(1e4).with_pairing(Pairing::half),
    Model("Phi-3 mini 4k", {32, 32, 96}).with_axes(96).with_theta(1e4).with_pairing(Pairing::half),
    Model("Gemma 2 2B", {8, 4, 256}).with_axes(256).with_theta(1e4).with_pairing(Pairing::half),
    Model("Gemma 3 4B, local layers", {8, 4, 256})
        .with_axes(256)
        .with_theta(1e4)
        .with_pairing(Pairing::half),
    Model("Gemma 3 4B, global layers", {8, 4, 256})
        .with_axes(256)
        .with_theta(1e6)
        .with_pairing(Pairing::half)
        .with_scaling(Linear{8}),
    Model("DeepSeek-V2", {128, 1, 192, 128})
        .with_axes(64)
        .with_theta(1e4)
        .with_scaling(Yarn{40, 4096}.with_mscales(0.707, 0.707)),
    Model("DeepSeek-V3", {128, 1, 192, 128})
        .with_axes(64)
        .with_theta(1e4)
        .with_pairing(Pairing::interleaved_to_half)
        .with_scaling(Yarn{40, 4096}.with_mscales(1, 1)),
    Model("ModernBERT base, local layers", {12, 12, 64})
        .with_axes(64)
        .with_theta(1e4)
        .with_pairing(Pairing::half),
    Model("ModernBERT base, global layers", {12, 12, 64})
        .with_axes(64)
        .with_theta(160000)
        .with_pairing(Pairing::half),
    Model("Qwen2-VL 7B", {28, 4, 128})
        .with_axes(16, 24, 24)
        .with_theta(1e6)
        .with_pairing(Pairing::half)
        .with_terms(TermRule::contiguous_sections),
    Model("Qwen3-VL 8B", {32, 8, 128})
        .with_axes(24, 20, 20)
        .with_theta(5e6)
        .with_pairing(Pairing::half)
        .with_terms(TermRule::interleaved_sections),
    Model("Cosmos3", {32, 8, 128})
        .with_axes(24, 20, 20)
        .with_theta(5e6)
        .with_pairing(Pairing::half)
        .with_terms(TermRule::interleaved_sections),
    Model("Ideogram-4", {18, 18, 256})
        .with_axes(88, 20, 20)
        .with_theta(5e6)
        .with_pairing(Pairing::half)
        .with_terms(TermRule::interleaved_sections),
    Model("Ernie-4.5-VL", {20, 4, 128})
        .with_axes(22, 22, 20)
        .with_theta(5e5)
        .with_terms(TermRule::alternating_sections),
};

ROPEWALK_END_NAMESPACE

#endif  // ROPEWALK_MODELS_LANGUAGE_HPP
