"""What the calls of tests/examples read and write: memory by memory, for memory.py to draw.

Every example is either in PICTURES or in WITHOUT, which says why it has none.

A memory is rows of cells in the order of its addresses, each a string of marks: b turned in place,
r read, w written, . left alone. Labels are indices; "…" stands for some that are not drawn.
"""
from collections import namedtuple

Memory = namedtuple("Memory", "title across down marks strides")


def counted(name, count, drawn=None):
    """Labels name0, name1, ...; of many the first and the last."""
    if count <= (drawn or 8):
        return [f"{name}{i}" for i in range(count)]
    return [f"{name}{i}" for i in range((drawn or 3) - 1)] + ["…", f"{name}{count - 1}"]


def strides(cell, columns, across="heads", down="seq", samples_of=0):
    """In elements: from a cell to the next, from a row to the next, from a sample to the next."""
    row = cell * columns
    batch = f", batch {samples_of * row}" if samples_of else ""
    return f"→ {across} {cell}, ↓ {down} {row}{batch}"


def table(rows, marks):
    return Memory("table [seq, 2 * pairs]", ["cos", "sin"], rows, [mark * 2 for mark in marks],
                  "↓ seq 2 * pairs")


def of_three(heads, marks):
    """Columns of heads of queries, keys and values in one row, and their marks."""
    parts = [counted(name, count, 3 if count > 8 else 8) for name, count in zip("qkv", heads)]
    return sum(parts, []), "".join(mark * len(part) for mark, part in zip(marks, parts))


def packed(heads, marks, rows, strides, title="packed [seq, 3 * heads, head_dim]"):
    columns, marks = of_three(heads, marks)
    return Memory(title, columns, rows, marks, strides)


GROUPED = "[seq, heads + 2 * kv_heads, head_dim]"
CACHE = "cache [kv_heads, max_seq, head_dim]"
TOKENS = [str(i) for i in range(8)]
DRAFTS = ["0", "…", *map(str, range(9, 17)), "…", "31"]
KV_HEADS = ["k0", "k1", "…", "k7"]
CHUNK = ["0", "…", "256", "…", "511", "…", "999"]
WHICH = "0 1 2 … 39".split()
HALVES = "0 … 255 256 … 511".split()


def of_thread(title, marks):
    """What one of two threads turns."""
    return Memory(title, counted("h", 32, 4), HALVES, [mark * 5 for mark in marks], strides(64, 32))


PICTURES = {
    "packed_qkv": [
        [packed((8, 2, 2), "bb.", [f"{b},{s}" for b in range(2) for s in range(6)],
                strides(32, 12, samples_of=6), "packed [batch, " + GROUPED[1:]),
         table(TOKENS[:6], "rrrrrr")]],
    "kv_cache": [
        [Memory("q [seq, heads, head_dim]", counted("q", 4), TOKENS[:7], ["...."] * 6 + ["bbbb"],
                strides(32, 4)),
         Memory("k [seq, kv_heads, head_dim]", counted("k", 2), TOKENS[:7], [".."] * 6 + ["rr"],
                strides(32, 2)),
         table(TOKENS, "......r.")],
        [Memory(CACHE, TOKENS, ["k0", "k1"], "......w.", strides(32, 8, "seq", "heads"))]],
    "paged_cache": [
        [packed((4, 2, 2), "brr", ["0, slot 17", "1, slot 18", "2, slot 19", "3, slot 2",
                                   "4, slot 3"], strides(128, 8), "packed " + GROUPED),
         table("0 1 … 9 10 11 … 63".split(), "rr.rrr..")],
        [packed((4, 2, 2), "b..", ["5, slot -1"], strides(128, 8), "padding"),
         Memory("weights [head_dim]", [""], ["q", "k"], "r", "")],
        [Memory("cache [blocks, 2, block_size, kv_heads, head_dim]",
                [f"{at} h{head}" for at in range(4) for head in range(2)],
                ["0 keys", "0 values", "…", "4 keys", "4 values"],
                ["....wwww"] * 2 + ["........"] + ["..wwwwww"] * 2,
                "→ a slot's heads 128, slots 256, ↓ values 1024, blocks 2048")]],
    "sequence_shards": [
        [Memory("contiguous, rank 1 of 3 [seq, heads, head_dim]", counted("h", 8),
                "0 … 334 … 666 … 999".split(), [mark * 8 for mark in "..bbb.."], strides(64, 8))],
        [Memory("zigzag, rank 1 of 3", counted("h", 8),
                "0 … 167 … 333 … 668 … 833 … 999".split(),
                [mark * 8 for mark in "..rrr.rrr.."], strides(64, 8)),
         Memory("own table [tokens, 2 * pairs]", ["cos", "sin"],
                "167 … 333 668 … 833".split(), "rr", "↓ tokens 2 * pairs")],
        [Memory("Ulysses, rank 1 of 11", counted("h", 8), "0 1 … 999".split(), ".b......",
                strides(64, 8))]],
    "batched_decode": [
        [Memory("q [batch, 1, heads, head_dim]", counted("q", 32, 4), TOKENS[:3],
                ["bbbbb", ".....", "bbbbb"], strides(64, 32, "heads", "batch")),
         table("0 … 7 … 2048 … 4095".split(), "..r.r..")],
        [Memory("k [batch, 1, kv_heads, head_dim]", counted("k", 8), TOKENS[:3],
                ["rrrrrrrr", "........", "rrrrrrrr"], strides(64, 8, "heads", "batch"))],
        [Memory("cache [blocks, block_size, kv_heads, head_dim]", counted("k", 8),
                "0 … 23 … 48 … 63".split(), [mark * 8 for mark in "..w.w.."],
                strides(64, 8, "heads", "slots"))]],
    "chunked_prefill": [
        [Memory("x [batch, seq, heads, head_dim]", counted("h", 8),
                [f"{b},{s}" if s != "…" else s for b in range(2) for s in CHUNK],
                [mark * 8 for mark in "..bbb.." * 2], strides(64, 8, samples_of=1000)),
         table(CHUNK, "..rrr..")]],
    "speculative_decode": [
        [Memory(CACHE + ": four drafts from 10 on", DRAFTS, KV_HEADS, "...wwww.....",
                strides(64, 32, "seq", "heads"))],
        [Memory(CACHE + ": two were taken, the next call", DRAFTS, KV_HEADS, ".....wwww...",
                strides(64, 32, "seq", "heads"))],
        [Memory("k [seq, kv_heads, head_dim]", counted("k", 8), TOKENS[:4], "rrrrrrrr",
                strides(64, 8)),
         table("0 … 12 13 14 15 … 31".split(), "..rrrr..")]],
    "context_shift": [
        [Memory("keys [kv_heads, max_seq, head_dim]", "0 … 3 4 … 103 104 … 255".split(), KV_HEADS,
                "......bbb", strides(64, 256, "seq", "heads"))]],
    "packed_sequences": [
        [Memory("packed [tokens, heads, head_dim]", counted("h", 32, 4),
                ["0, id 0", "1, id 1", "…", "4, id 4", "5, id 0", "6, id 0", "7, id 1", "…",
                 "22, id 16"], "bbbbb", strides(64, 32)),
         table("0 1 … 4 … 16 … 4095".split(), "rrrrrr..")]],
    "video_block": [
        [Memory("q, and k alike [seq, heads, head_dim]", counted("h", 4),
                ["text 0", "…", "text 11", "history 12", "…", "history 107", "chunk 108", "…",
                 "chunk 251"], ["...."] * 3 + ["bbbb"] * 6, strides(128, 4)),
         table("0 … 95 96 … 239".split(), "rrrrrr")]],
    "raw_memory": [
        [Memory("memory [seq, 320]", [*counted("q", 4), "rest"], TOKENS[:5], "bbbb.",
                strides(64, 5)), table(TOKENS[:5], "rrrrr")]],
    "decoder": [
        [packed((8, 2, 2), "rr.", TOKENS[:3], strides(32, 12), "projected " + GROUPED),
         table("0 … p p+1 p+2 … 191".split(), "..rrr..")],
        [Memory("queries [max_seq, heads, head_dim]", counted("q", 8),
                "0 … p p+1 p+2 … 191".split(), [mark * 8 for mark in "..www.."],
                strides(32, 8))],
        [Memory("keys [kv_heads, max_seq, head_dim]", "0 … p p+1 p+2 … 191".split(), ["k0", "k1"],
                "..www..", strides(32, 192, "seq", "heads"))]],
    "wan_prologue": [
        [packed((40, 40, 40), "br.", "0 1 … 11".split(), strides(128, 120)),
         table("0 1 … 11".split(), "rrrr")],
        [Memory("keys [heads, seq, head_dim]", "0 1 2 … 11".split(), "k0 k1 … k39".split(), "wwwww",
                strides(128, 12, "seq", "heads")),
         Memory("weights [heads, head_dim]", WHICH, ["q", "k"], "rrrrr", "→ heads 128")]],
    "helios_prologue": [
        [packed((40, 40, 40), "rr.", "0 1 … 11".split(), strides(128, 120)),
         table("0 … 5 6 … 17".split(), "...rrr")],
        [Memory("queries [seq, heads, head_dim]", counted("q", 40, 4), "0 1 … 11".split(), "wwwww",
                strides(128, 40)),
         Memory("weights [heads, head_dim]", WHICH, ["q", "k"], "rrrrr", "→ heads 128")],
        [Memory("cache [heads, max_seq, head_dim]", "0 1 … 5 6 7 … 17".split(),
                "k0 k1 … k39".split(), "....wwww", strides(128, 18, "seq", "heads"))]],
    "qk_norm": [
        [packed((8, 2, 2), "br.", TOKENS[:5], strides(64, 12), "packed " + GROUPED),
         table("0 … 9 10 … 13 14 15".split(), "..rrrr..")],
        [Memory(CACHE, "0 … 8 9 10 11 12 13 14 15".split(), ["k0", "k1"], "...wwwww..",
                strides(64, 16, "seq", "heads")),
         Memory("weights [head_dim]", [""], ["q", "k"], "r", "")]],
    "dlpack": [
        [Memory("tensor [seq, heads, head_dim]", counted("h", 4), TOKENS[:5], "bbbb",
                strides(16, 4)), table(TOKENS[:5], "rrrrr")]],
    "weights_16_bit": [
        [Memory("x [seq, heads, head_dim]", counted("h", 3), TOKENS[:2], "bbb",
                strides(4, 3))],
        [Memory("cos [seq, head_dim], by number", "c0 c1 c0 c1".split(), TOKENS[:2], "rr..",
                strides(1, 4, "feature")),
         Memory("sin [seq, head_dim], by number", "s0 s1 s0 s1".split(), TOKENS[:2], "rr..",
                strides(1, 4, "feature"))]],
    "own_tensor": [
        [Memory("x [tokens, heads, head_dim]", counted("h", 4), TOKENS[:5], "rrrr",
                strides(16, 4)),
         Memory("out, alike", counted("h", 4), TOKENS[:5], "wwww", strides(16, 4))],
        [Memory("span, alike", counted("h", 4), TOKENS[:5], "bbbb", strides(16, 4)),
         table(TOKENS[:5], "rrrrr")]],
    "thread_pool": [
        [of_thread("x [seq, heads, head_dim], by the thread that calls", "bbb..."),
         table(HALVES, "rrr...")],
        [of_thread("x, by a thread of the pool", "...bbb"), table(HALVES, "...rrr")]],
    "own_unit": [
        [packed((4, 2, 2), "bb.", TOKENS[:2], strides(128, 8), "packed " + GROUPED),
         table("0 … 20 21 … 31".split(), "..rr..")]],
}

WITHOUT = {
    "errors": "a call that is refused writes nothing, and the last call, which no check can refuse, "
              "turns all of a dense tensor",
    "no_exceptions": "its one call is refused before it reads or writes a feature",
    "own_unit_rotate": "its call is drawn for own_unit",
}
