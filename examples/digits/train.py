#!/usr/bin/env python3
"""Trains the small vision transformer of the digits example and writes the files of this folder.

    python train.py --validate   # trains on 4/5 of the training images, judges on the other 1/5
    python train.py              # trains on all training images, writes every file of this folder

The settings below were judged with --validate alone, which never looks at a test image. The second
form trains for the number of epochs fixed here and looks at the test images once, after training.

Needs jax, optax, numpy, scikit-learn and safetensors. No build of the library uses this script.
"""
import argparse
import json
import os

import jax
import jax.numpy as jnp
import numpy as np
import optax
from safetensors.numpy import save_file
from sklearn.datasets import load_digits

# The reference logits are to be float32 results, so no backend may shorten the products.
jax.config.update("jax_default_matmul_precision", "highest")

HERE = os.path.dirname(os.path.abspath(__file__))

# Architecture (the C++ side of the example has the same numbers).
WIDTH, HEADS, BLOCKS, HIDDEN, TOKENS, CLASSES = 64, 4, 4, 128, 16, 10
HEAD_DIM = WIDTH // HEADS
LN_EPS = 1e-5

# Training.
SEED = 1
EPOCHS = 200
BATCH = 64
PEAK_LR = 1.5e-3
WARMUP_EPOCHS = 10
WEIGHT_DECAY = 0.1
LABEL_SMOOTHING = 0.05
DROPOUT = 0.1
EMA_DECAY = 0.998

# Augmentation: the largest change of each kind; an image draws uniformly up to it.
SHIFT = 0.8        # pixels, each axis
ROTATION = 0.20    # radians
LOG_SCALE = 0.12   # each axis on its own
SHEAR = 0.15
NOISE = 0.05       # standard deviation of the pixel noise, where a pixel lies in 0..1


# ---------------------------------------------------------------------------------------- data

def load():
    digits = load_digits()
    images = digits.images.astype(np.uint8)
    assert np.array_equal(images, digits.images) and images.shape == (1797, 8, 8)
    return np.ascontiguousarray(images), digits.target.astype(np.uint8)


def augment(key, images):
    """One random affine map per image (bilinear, zero outside) and pixel noise."""
    n = images.shape[0]
    k = jax.random.split(key, 6)
    u = lambda key, shape: jax.random.uniform(key, shape, minval=-1.0, maxval=1.0)
    angle = ROTATION * u(k[0], (n,))
    scale = jnp.exp(LOG_SCALE * u(k[1], (n, 2)))
    shear = SHEAR * u(k[2], (n,))
    shift = SHIFT * u(k[3], (n, 2))
    cos, sin = jnp.cos(angle), jnp.sin(angle)
    grid = jnp.arange(8.0) - 3.5
    y, x = jnp.meshgrid(grid, grid, indexing="ij")

    def one(image, cos, sin, scale, shear, shift):
        xs = x + shear * y
        sy = (cos * y - sin * xs) * scale[0] + shift[0] + 3.5
        sx = (sin * y + cos * xs) * scale[1] + shift[1] + 3.5
        return jax.scipy.ndimage.map_coordinates(image, [sy, sx], order=1, mode="constant")

    out = jax.vmap(one)(images, cos, sin, scale, shear, shift)
    # Noise of a random strength, so that clean images stay part of what the model sees.
    strength = NOISE * jax.random.uniform(k[4], (n, 1, 1))
    return jnp.clip(out + strength * jax.random.normal(k[5], out.shape), 0.0, 1.0)


# --------------------------------------------------------------------------------------- model

def init(key):
    """Linear weights are [out, in]; the tensor names are those of the weight file."""
    keys = iter(jax.random.split(key, 64))
    p = {}

    def linear(name, out, inp, gain=1.0):
        std = gain / np.sqrt(inp)
        p[name + ".weight"] = std * jax.random.truncated_normal(next(keys), -2, 2, (out, inp))
        p[name + ".bias"] = jnp.zeros(out)

    def norm(name):
        p[name + ".weight"] = jnp.ones(WIDTH)
        p[name + ".bias"] = jnp.zeros(WIDTH)

    linear("embed", WIDTH, 4)
    p["pos"] = 0.2 * jax.random.normal(next(keys), (TOKENS, WIDTH))
    for b in range(BLOCKS):
        block = f"blocks.{b}."
        norm(block + "ln1")
        linear(block + "attn.qkv", 3 * WIDTH, WIDTH)
        # Small at first in both branches: the residual stream then keeps one order of magnitude
        # over the blocks, which is what a fixed scale per tensor wants.
        linear(block + "attn.proj", WIDTH, WIDTH, 0.4)
        norm(block + "ln2")
        linear(block + "mlp.fc1", HIDDEN, WIDTH)
        linear(block + "mlp.fc2", WIDTH, HIDDEN, 0.4)
    norm("norm")
    linear("head", CLASSES, WIDTH, 0.5)
    return p


def gelu(x):
    return 0.5 * x * (1.0 + jnp.tanh(np.float32(np.sqrt(2.0 / np.pi)) * (x + 0.044715 * x * x * x)))


def forward(p, images, tap=lambda name, t: t, dropout_key=None):
    """images [n, 8, 8] in 0..1 -> logits [n, 10].

    tap sees every main tensor by name and gives back the one to go on with: the identity in
    training, a recorder for the statistics, a rounding for the quantized evaluation.
    """
    n = images.shape[0]
    keys = iter(jax.random.split(dropout_key, 2 * BLOCKS) if dropout_key is not None else ())

    def linear(name, x):
        return x @ p[name + ".weight"].T + p[name + ".bias"]

    def norm(name, x):
        mean = x.mean(-1, keepdims=True)
        var = jnp.square(x - mean).mean(-1, keepdims=True)
        return (x - mean) * jax.lax.rsqrt(var + LN_EPS) * p[name + ".weight"] + p[name + ".bias"]

    def dropout(x):
        if dropout_key is None:
            return x
        return jnp.where(jax.random.bernoulli(next(keys), 1 - DROPOUT, x.shape), x / (1 - DROPOUT), 0)

    def heads(t):
        return t.reshape(n, TOKENS, HEADS, HEAD_DIM).transpose(0, 2, 1, 3)

    # 2x2 patches: tokens row-major over the patches, pixels row-major within a patch.
    x = images.reshape(n, 4, 2, 4, 2).transpose(0, 1, 3, 2, 4).reshape(n, TOKENS, 4)
    x = tap("input", x)
    x = tap("embed+pos", linear("embed", x) + p["pos"])
    for b in range(BLOCKS):
        block = f"blocks.{b}."
        h = tap(block + "ln1", norm(block + "ln1", x))
        qkv = linear(block + "attn.qkv", h)
        q = tap(block + "q", heads(qkv[..., :WIDTH]))
        k = tap(block + "k", heads(qkv[..., WIDTH:2 * WIDTH]))
        v = tap(block + "v", heads(qkv[..., 2 * WIDTH:]))
        scores = tap(block + "scores", q @ k.transpose(0, 1, 3, 2) / np.float32(np.sqrt(HEAD_DIM)))
        probs = tap(block + "probs", jax.nn.softmax(scores, axis=-1))
        mixed = tap(block + "mixed", (probs @ v).transpose(0, 2, 1, 3).reshape(n, TOKENS, WIDTH))
        x = tap(block + "residual1", x + dropout(linear(block + "attn.proj", mixed)))
        h = tap(block + "ln2", norm(block + "ln2", x))
        h = tap(block + "fc1", linear(block + "mlp.fc1", h))
        h = tap(block + "gelu", gelu(h))
        x = tap(block + "residual2", x + dropout(linear(block + "mlp.fc2", h)))
    x = tap("norm", norm("norm", x))
    x = tap("pooled", x.mean(1))
    return tap("logits", linear("head", x))


# ------------------------------------------------------------------------------------ training

def train(images, labels):
    """Returns the averaged weights. images uint8 [n, 8, 8]."""
    x = jnp.asarray(images, jnp.float32) / 16
    y = optax.smooth_labels(jax.nn.one_hot(labels, CLASSES), LABEL_SMOOTHING)
    steps = len(images) // BATCH
    schedule = optax.warmup_cosine_decay_schedule(
        0.0, PEAK_LR, WARMUP_EPOCHS * steps, EPOCHS * steps, 0.0)
    # Decay the matrices alone (pos is one of them here): small weights, hence small activations.
    mask = lambda p: {name: t.ndim == 2 for name, t in p.items()}
    optimizer = optax.chain(optax.clip_by_global_norm(1.0),
                            optax.adamw(schedule, b2=0.98, weight_decay=WEIGHT_DECAY, mask=mask))
    key, init_key = jax.random.split(jax.random.key(SEED))
    p = init(init_key)
    state = (p, p, optimizer.init(p), jnp.zeros((), jnp.int32))

    def loss_of(p, bx, by, key):
        return optax.softmax_cross_entropy(forward(p, bx, dropout_key=key), by).mean()

    def step(state, inputs):
        p, ema, opt, t = state
        index, key = inputs
        k_aug, k_drop = jax.random.split(key)
        loss, grad = jax.value_and_grad(loss_of)(p, augment(k_aug, x[index]), y[index], k_drop)
        update, opt = optimizer.update(grad, opt, p)
        p = optax.apply_updates(p, update)
        decay = jnp.minimum(EMA_DECAY, (1.0 + t) / (10.0 + t))   # short memory at the start
        ema = jax.tree.map(lambda e, w: decay * e + (1 - decay) * w, ema, p)
        return (p, ema, opt, t + 1), loss

    @jax.jit
    def epoch(state, key):
        k_order, k_steps = jax.random.split(key)
        order = jax.random.permutation(k_order, len(images))[:steps * BATCH].reshape(steps, BATCH)
        state, losses = jax.lax.scan(step, state, (order, jax.random.split(k_steps, steps)))
        return state, losses.mean()

    for e in range(EPOCHS):
        key, k = jax.random.split(key)
        state, loss = epoch(state, k)
        if (e + 1) % 25 == 0:
            print(f"epoch {e + 1}/{EPOCHS}  loss {float(loss):.4f}", flush=True)
    return state[1]


# ---------------------------------------------------------------------------------- evaluation

def logits_of(p, images, tap=lambda name, t: t):
    return np.asarray(forward(p, jnp.asarray(images, jnp.float32) / 16, tap))


def record(p, images):
    """Name -> (largest magnitude, standard deviation) of every tapped tensor."""
    stats = {}

    def tap(name, t):
        stats[name] = (float(jnp.abs(t).max()), float(t.std()))
        return t

    logits_of(p, images, tap)
    return stats


def fake_quant_logits(p, stats, images):
    """float32 arithmetic on rounded values: int8 weights per row, int8 activations per tensor,
    int16 residual stream, scales from the largest magnitude over the training images."""
    def rounded(t, largest, top):
        scale = largest / top
        return jnp.clip(jnp.round(t / scale), -top, top) * scale

    q = {}
    for name, t in p.items():
        if name.endswith(".weight") and t.ndim == 2:
            t = rounded(t, jnp.maximum(jnp.abs(t).max(1, keepdims=True), 1e-12), 127)
        q[name] = t

    def tap(name, t):
        if name.endswith(("scores", "logits")):   # sums of products, not stored in 8 bits
            return t
        wide = "residual" in name or name == "embed+pos"
        return rounded(t, stats[name][0], 32767 if wide else 127)

    return logits_of(q, images, tap)


def judge(title, p, stats, images, labels):
    exact = logits_of(p, images)
    coarse = fake_quant_logits(p, stats, images)
    top = np.sort(exact, axis=1)
    print(f"{title}: {len(images)} images, float32 {(exact.argmax(1) == labels).sum()} right "
          f"({(exact.argmax(1) == labels).mean():.4%}), fake-quant {(coarse.argmax(1) == labels).sum()} "
          f"right, {(exact.argmax(1) != coarse.argmax(1)).sum()} disagreements, "
          f"largest logit difference {np.abs(exact - coarse).max():.4f}, "
          f"mean {np.abs(exact - coarse).mean():.4f}, logit std {exact.std():.3f}, "
          f"smallest margins {np.round(np.sort(top[:, -1] - top[:, -2])[:4], 3).tolist()}")
    return exact


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--validate", action="store_true",
                        help="hold out every fifth training image, write nothing")
    parser.add_argument("--fold", type=int, default=0, help="which fifth --validate holds out (0..4)")
    parser.add_argument("--stats", help="also write the statistics of the tensors to this file")
    args = parser.parse_args()

    images, labels = load()
    index = np.arange(len(images))
    test = index[index % 4 == 0]
    training = index[index % 4 != 0]
    if args.validate:
        held = np.arange(len(training)) % 5 == args.fold
        fit, held_out, title = training[~held], training[held], "validation"
    else:
        fit, held_out, title = training, test, "test"

    p = train(images[fit], labels[fit])
    stats = record(p, images[fit])
    lines = [f"{'tensor':24}{'max':>10}{'std':>10}{'max/std':>10}"]
    lines += [f"{n:24}{m:10.4f}{s:10.4f}{m / s:10.2f}" for n, (m, s) in stats.items()]
    lines += [f"{n:34}{float(jnp.abs(t).max()):10.4f}{float(t.std()):10.4f}"
              f"{float(jnp.abs(t).max() / t.std()):10.2f}" for n, t in p.items() if t.ndim == 2]
    print("\n".join(lines))
    if args.stats:
        with open(args.stats, "w") as f:
            f.write("\n".join(lines) + "\n")
    judge("fitted", p, stats, images[fit], labels[fit])
    exact = judge(title, p, stats, images[held_out], labels[held_out])
    if args.validate:
        return

    np.save(os.path.join(HERE, "digits_images.npy"), images)
    np.save(os.path.join(HERE, "digits_labels.npy"), labels)
    save_file({n: np.ascontiguousarray(t, np.float32) for n, t in p.items()},
              os.path.join(HERE, "vit_digits.safetensors"))
    np.save(os.path.join(HERE, "reference_logits.npy"), np.ascontiguousarray(exact, np.float32))
    print(json.dumps({"jax": jax.__version__, "optax": optax.__version__, "numpy": np.__version__}))


if __name__ == "__main__":
    main()
