#!/usr/bin/env python3
"""Converts the oracle's .npz files to CBOR, keeping the keys that tests read.

usage: convert.py FOLDER_WITH_NPZ_FILES    (needs NumPy; writes beside this script)

A file is a map from key to {"shape": [extents], "data": bytes}, the bytes being little-endian float64 in row-major order.
"""
import pathlib
import re
import struct
import sys

import numpy

KEYS = re.compile(
    r"dims|X|U|cost_(wu|wp|tgt|l1_l2_alpha)|cs|cc|cv|Cm"
    r"|dgmm_(mu|sigma|logmass|N|init_cidx|em_estep_count|em_last_ll)|dprior0_(mu0|Phi|m_n0)"
    r"|Fm|fv|dyn_covar|x0mu|x0sigma"
    r"|pol_(mu|var|K|k|S)|pgmm_(mu|sigma|logmass|N)|policy_prior_kind"
    r"|bw\d_(eta_in|eta_out|K|k|pol_covar|mu|sigma|kl_t|cost_t)"
    r"|dual_(eta_start|kl_step|kl|eta_final|n_evals|K|k|pol_covar)"
    r"|step_(costs|mult_new|mult_old|mult_bounds)|sm_(pred_act|in|out)")


def head(major, n):
    """A CBOR item's first bytes (RFC 8949, section 3)."""
    if n < 24:
        return bytes([major << 5 | n])
    for code, form, limit in ((24, ">B", 1 << 8), (25, ">H", 1 << 16), (26, ">I", 1 << 32)):
        if n < limit:
            return bytes([major << 5 | code]) + struct.pack(form, n)
    raise ValueError(n)


def text(s):
    return head(3, len(s)) + s.encode()


def array(a):
    a = numpy.asarray(a, dtype="<f8")
    shape = head(4, a.ndim) + b"".join(head(0, n) for n in a.shape)
    return head(5, 2) + text("shape") + shape + text("data") + head(2, a.nbytes) + a.tobytes()


def main():
    source = pathlib.Path(sys.argv[1])
    target = pathlib.Path(__file__).resolve().parent
    for path in sorted(source.glob("*.npz")):
        data = numpy.load(path)
        keys = [k for k in data.files if KEYS.fullmatch(k)]
        content = head(5, len(keys)) + b"".join(text(k) + array(data[k]) for k in keys)
        (target / f"{path.stem}.cbor").write_bytes(content)


if __name__ == "__main__":
    main()
