import { cast } from '../../shaders/more.js';
import { bitsPerElement, type DeviceElement, type DType, deviceElement } from '../tensor/dtype.js';
import { sizeOf } from '../tensor/shape.js';
import { type Dispatch, type Kernel, type KernelRequest, spread } from './kernel.js';

export const castKernel: Kernel = { name: 'cast', wgsl: cast };

/** Bits of an integer type on the device, where 64-bit integers have 32. */
const bitsOf = (dtype: DType): number => Math.min(32, bitsPerElement(dtype));

/** 4 bits are the low ones of a 32-bit integer, from floats too, as ONNX's own reference has it. */
const TO_I32 = 'to_i32(v, -2147483648, 2147483647)';

const toSigned = (from: DeviceElement, bits: number): string => {
  if (from === 'f32' && bits === 4) return `return (${TO_I32} << 28u) >> 28u;`;
  if (from === 'f32') return `return to_i32(v, ${-(2 ** (bits - 1))}, ${2 ** (bits - 1) - 1});`;
  return bits === 32 ? 'return i32(v);' : `return (i32(v) << ${32 - bits}u) >> ${32 - bits}u;`;
};

const toUnsigned = (from: DeviceElement, bits: number): string =>
  from === 'f32' && bits === 4
    ? `return u32(${TO_I32}) & 15u;`
    : from === 'f32'
      ? `return to_u32(v, ${2 ** bits - 1}u);`
      : `return u32(v) & ${2 ** bits - 1}u;`;

/** The body of the kernel's `convert`. */
const conversion = (from: DeviceElement, to: DType): string => {
  // The bits of the float but for its sign: NaN is not 0, and no device may take a tiny number for 0.
  if (to === 'bool') return from === 'f32' ? 'return u32((bitcast<u32>(v) << 1u) != 0u);' : 'return u32(v != 0);';
  if (to === 'float16') return 'return to_float16(f32(v));';
  if (deviceElement(to) === 'f32') return 'return f32(v);';
  return deviceElement(to) === 'i32' ? toSigned(from, bitsOf(to)) : toUnsigned(from, bitsOf(to));
};

const ALL_LANES = 'return ToElem(convert(v.x), convert(v.y), convert(v.z), convert(v.w));';

export const lowerCast = ({ inputs, outputs, facts }: KernelRequest): Dispatch[] => {
  const from = deviceElement(inputs[0]!.dtype);
  const { dtype, shape } = outputs[0]!;
  const to = deviceElement(dtype);
  const lanes = sizeOf(shape) % 4 === 0 ? 4 : 1;
  const { constants, count, workgroups } = spread(sizeOf(shape) / lanes, facts);
  return [
    {
      kernel: castKernel,
      constants,
      definitions: {
        From: from,
        To: to,
        FromElem: lanes === 4 ? `vec4<${from}>` : from,
        ToElem: lanes === 4 ? `vec4<${to}>` : to,
      },
      functions: { convert: conversion(from, dtype), ...(lanes === 4 && { convert_all: ALL_LANES }) },
      operands: { x: { input: 0 }, y: { output: 0 } },
      params: { count },
      workgroups,
    },
  ];
};
