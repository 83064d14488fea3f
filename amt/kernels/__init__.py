"""TIR kernels of the decoder: what a GPT-2 computes, written for vector lanes. Knows shapes, not files or music."""
