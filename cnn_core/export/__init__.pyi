from .keras import export_keras as export_keras
from .keras_file import export_keras_h5 as export_keras_h5
from .keras_file import export_keras_v3 as export_keras_v3
from .keras_r import export_keras_r as export_keras_r
from .notebook import export_notebook as export_notebook
from .onnx import export_onnx as export_onnx
from .pytorch import export_pytorch as export_pytorch
from .report import export_report as export_report
