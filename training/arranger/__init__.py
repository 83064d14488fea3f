"""Composes band music for training: style tables, and phrases of human pieces over other chords.

python -m training.arranger --help
"""
