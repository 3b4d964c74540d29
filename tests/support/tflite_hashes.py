# SPDX-License-Identifier: Apache-2.0
"""What TensorFlow Lite's kernels give, as hashes: prints tflite_hashes.hpp. Needs numpy, flatbuffers, ai-edge-litert
and tflite-micro.

python3 tests/support/tflite_hashes.py > tests/support/tflite_hashes.hpp

Each row is a model of one operator, made here. Runtimes: "reference" is the desktop interpreter with the reference
kernels (OpResolverType.BUILTIN_REF), "optimized" the same with its optimized kernels and no delegate
(BUILTIN_WITHOUT_DEFAULT_DELEGATES), "micro" TensorFlow Lite Micro. Input k is the low 8 or 16 bits of mixed(k + 2^32);
one row of 256 or 65536 columns holds all codes in order instead.
"""

import sys

import flatbuffers
import numpy as np
import tflite_micro
from ai_edge_litert import interpreter as litert
from ai_edge_litert import schema_py_generated as schema
from importlib.metadata import version

OPERATORS = schema.BuiltinOperator
TYPES = {"int8": (schema.TensorType.INT8, np.int8), "uint8": (schema.TensorType.UINT8, np.uint8),
         "int16": (schema.TensorType.INT16, np.int16), "int64": (schema.TensorType.INT64, np.int64)}


def mixed(x):
    """The finalizer of SplitMix64."""
    x = x.astype(np.uint64)
    x ^= x >> np.uint64(30)
    x *= np.uint64(0xBF58476D1CE4E5B9)
    x ^= x >> np.uint64(27)
    x *= np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


def hash_of(codes):
    pattern = codes.reshape(-1).view({1: np.uint8, 2: np.uint16}[codes.itemsize]).astype(np.uint64)
    place = np.arange(pattern.size, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return int(np.sum(mixed(pattern + place), dtype=np.uint64))


def inputs(name, rows, columns):
    dtype = TYPES[name][1]
    info = np.iinfo(dtype)
    if rows == 1 and columns == info.max - info.min + 1:
        return np.arange(info.min, info.max + 1).astype(dtype).reshape(1, columns)
    k = np.arange(rows * columns, dtype=np.uint64) + np.uint64(1 << 32)
    pattern = {1: np.uint8, 2: np.uint16}[np.dtype(dtype).itemsize]
    return mixed(k).astype(pattern).view(dtype).reshape(rows, columns)


def options_of(operator, beta):
    kinds = schema.BuiltinOptions
    if operator == "SOFTMAX":
        options = schema.SoftmaxOptionsT()
        options.beta = beta
        return kinds.SoftmaxOptions, options
    if operator == "FULLY_CONNECTED":
        return kinds.FullyConnectedOptions, schema.FullyConnectedOptionsT()
    if operator == "LOG_SOFTMAX":
        return kinds.LogSoftmaxOptions, schema.LogSoftmaxOptionsT()
    if operator == "L2_NORMALIZATION":
        return kinds.L2NormOptions, schema.L2NormOptionsT()
    if operator.startswith("GELU"):
        options = schema.GeluOptionsT()
        options.approximate = operator == "GELU_TANH"
        return kinds.GeluOptions, options
    return kinds.NONE, None


def output_of(operator, source, target):
    """Scale and zero point of the result."""
    lowest = np.iinfo(TYPES[target][1]).min
    if operator == "LOG_SOFTMAX":
        return 1 / 16, 127
    if operator == "L2_NORMALIZATION":
        return 1 / 128, 0
    if operator.startswith("GELU"):
        return 1 / 32, -100
    if operator == "SOFTMAX" and source != "int16" and target == "int16":
        return 2.0**-16, -32768
    if target == "int16":
        return 2.0**-15, 0
    if operator == "TANH":
        return 1 / 128, 128 + lowest
    return 1 / 256, lowest


def weights():
    """8 x 64 weights of 7 bits and a sign, 8 biases of 33 bits."""
    k = np.arange(512, dtype=np.uint64) + np.uint64(1 << 33)
    factors = np.maximum(mixed(k).astype(np.uint8).view(np.int8), -127).reshape(8, 64)
    biases = (mixed(np.arange(8, dtype=np.uint64) + np.uint64(1 << 34)) >> np.uint64(31)).astype(np.int64) - 2**32
    return factors, biases


def model_of(operator, source, target, scale, zero, beta, shape):
    def tensor(name, kind, tensor_scale, tensor_zero, buffer, tensor_shape=shape):
        t = schema.TensorT()
        t.name, t.shape, t.type, t.buffer = name, np.array(tensor_shape, np.int32), TYPES[kind][0], buffer
        t.quantization = schema.QuantizationParametersT()
        t.quantization.scale = np.array([tensor_scale], np.float32)
        t.quantization.zeroPoint = np.array([tensor_zero], np.int64)
        return t

    out = output_of(operator, source, target)
    code = schema.OperatorCodeT()
    code.builtinCode = getattr(OPERATORS, operator.replace("_TANH", ""))
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    code.version = 1
    op = schema.OperatorT()
    op.opcodeIndex, op.inputs, op.outputs = 0, np.array([0], np.int32), np.array([1], np.int32)
    op.builtinOptionsType, op.builtinOptions = options_of(operator, beta)
    graph = schema.SubGraphT()
    graph.tensors = [tensor("x", source, scale, zero, 1), tensor("y", target, out[0], out[1], 2)]
    if operator == "FULLY_CONNECTED":
        # 16-bit activations of scale 2^-12 and 8-bit weights of 2^-7; `scale` is the output's.
        graph.tensors = [tensor("x", source, 2.0**-12, 0, 1), tensor("y", target, scale, 0, 2, (shape[0], 8)),
                         tensor("w", "int8", 2.0**-7, 0, 3, (8, 64)), tensor("b", "int64", 2.0**-19, 0, 4, (8,))]
        op.inputs = np.array([0, 2, 3], np.int32)
    graph.inputs, graph.outputs, graph.operators = np.array([0], np.int32), np.array([1], np.int32), [op]
    model = schema.ModelT()
    model.version, model.operatorCodes, model.subgraphs = 3, [code], [graph]
    model.buffers = [schema.BufferT() for _ in range(5)]
    if operator == "FULLY_CONNECTED":
        for buffer, data in zip(model.buffers[3:], weights()):
            buffer.data = np.frombuffer(data.tobytes(), np.uint8)
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def run(runtime, model, x):
    if runtime == "micro":
        interpreter = tflite_micro.runtime.Interpreter.from_bytes(model, arena_size=1 << 22)
        interpreter.set_input(x, 0)
        interpreter.invoke()
        return interpreter.get_output(0)
    kinds = litert.OpResolverType
    resolver = kinds.BUILTIN_REF if runtime == "reference" else kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES
    interpreter = litert.Interpreter(model_content=model, experimental_op_resolver_type=resolver)
    interpreter.allocate_tensors()
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], x)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


def cases():
    """operator, source, target, scale, zero points, beta, shapes, runtimes."""
    both = ["reference", "micro"]
    short, long = [(512, 2), (64, 16), (8, 197)], (4, 1024)
    for source, target, runtimes in [("int8", "int8", both), ("uint8", "uint8", ["reference"]),
                                     ("int8", "int16", both), ("uint8", "int16", ["reference"])]:
        for scale, beta in [(2.0**-20, 1), (1 / 256, 1), (0.0472, 1), (0.1, 0.7), (0.25, 1), (3.7, 1), (40.0, 1)]:
            yield "SOFTMAX", source, target, scale, [3], beta, short, runtimes
        yield "SOFTMAX", source, target, 1 / 32, [0], 1, [long], runtimes
    for scale, beta in [(1e-6, 1), (2.0**-15, 1), (10 / 32768, 1), (0.001, 0.7), (0.0123, 0.3), (0.01, 1)]:
        yield "SOFTMAX", "int16", "int16", scale, [0], beta, short + [long], both
    for operator in ["LOGISTIC", "TANH"]:
        for scale in [0.001, 1 / 128, 0.0235, 0.05, 1 / 16, 0.1, 1.0, 5.0, 9.0]:
            yield operator, "int8", "int8", scale, [0, 3, -128, 127], 1, [(1, 256)], both
        yield operator, "uint8", "uint8", 0.05, [0, 130], 1, [(1, 256)], ["reference"]
        for scale in [1e-4, 2.0**-12 * 0.9990, 2.0**-12, 2.0**-12 * 1.0005, 2.0**-11, 2.0**-10, 0.001, 0.1, 2.5]:
            yield operator, "int16", "int16", scale, [0], 1, [(1, 65536)], both
        for scale in [2.0**-12] + [2.0**-11] * (operator == "TANH"):
            yield operator, "int16", "int16", scale, [0], 1, [(1, 65536)], ["optimized"]
    for scale in [1 / 256, 0.0472, 0.1, 1.0, 3.7, 40.0]:
        yield "LOG_SOFTMAX", "int8", "int8", scale, [3], 1, short + [long], both
    yield "L2_NORMALIZATION", "int8", "int8", 0.1, [0, 5, -128], 1, [(4096, 1)] + short + [long], both
    for operator in ["GELU", "GELU_TANH"]:
        for scale in [1 / 32, 0.1, 1.0]:
            yield operator, "int8", "int8", scale, [0, -10], 1, [(1, 256)], ["reference"]
    for scale in [0.3, 0.41, 0.57]:
        yield "FULLY_CONNECTED", "int16", "int16", scale, [0], 1, [(256, 64)], both


def main():
    print("// SPDX-License-Identifier: Apache-2.0")
    print(f"// Printed by tflite_hashes.py with ai-edge-litert {version('ai-edge-litert')} and tflite-micro "
          f"{version('tflite-micro')}.")
    print("#pragma once\n\n#include <cstdint>\n\nnamespace reference {\n")
    print("struct tflite_row {\n    const char* op;\n    const char* source;\n    const char* target;\n"
          "    float scale;\n    float beta;\n    const char* runtime;\n"
          "    std::uint64_t hash;  // the sum over zero points and shapes\n};")
    print("inline constexpr tflite_row tflite_rows[]{")
    for operator, source, target, scale, zeros, beta, shapes, runtimes in cases():
        hashes = {runtime: 0 for runtime in runtimes}
        for zero in zeros:
            for shape in shapes:
                x = inputs(source, *shape)
                model = model_of(operator, source, target, scale, zero, beta, shape)
                for runtime in runtimes:
                    hashes[runtime] = (hashes[runtime] + hash_of(run(runtime, model, x))) % 2**64
        for value in dict.fromkeys(hashes.values()):
            names = " ".join(runtime for runtime in runtimes if hashes[runtime] == value)
            scale_text, beta_text = float(np.float32(scale)).hex(), float(np.float32(beta))
            print(f'    {{"{operator}", "{source}", "{target}", {scale_text}f, {beta_text:.9g}f, "{names}", '
                  f'{value:#018x}}},'.replace(", 1f,", ", 1.0f,"))
    print("};\n\n}  // namespace reference")


if __name__ == "__main__":
    sys.exit(main())
