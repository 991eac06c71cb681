"""Ablation studies of DeepLabV3+ on endoscopy images, from images to report."""

__version__ = "0.1.0"
