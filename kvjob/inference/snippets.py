"""How to run an export, as its card prints it."""

ONNX = """\
import numpy as np
import onnxruntime
from PIL import Image

frame = np.asarray(Image.open("frame.jpg").convert("RGB"))
session = onnxruntime.InferenceSession("model.onnx", providers=["CPUExecutionProvider"])
mask, probability = session.run(["mask", "probability"], {"images": frame[None]})
Image.fromarray(mask[0] * 255).save("mask.png")"""

TORCH = """\
import numpy as np
import torch
from PIL import Image

frame = np.array(Image.open("frame.jpg").convert("RGB"))
model = torch.jit.load("model.torchscript.pt")
with torch.inference_mode():
    mask, probability = model(torch.from_numpy(frame)[None])
Image.fromarray(mask[0].numpy() * 255).save("mask.png")"""
