#!/bin/sh
# What a server needs, into a virtual environment: sh deploy/install.sh FOLDER [INDEX OF PYTORCH'S CPU BUILDS].
# Without an index torch's usual build is installed, which brings 4 GB of CUDA along. To be run in Convscope's folder.
set -eu
python3 -m venv "$1"
# With two indexes pip takes the higher version, and 2.15.0+cpu is higher than 2.15.0.
"$1/bin/pip" install --no-cache-dir --disable-pip-version-check ${2:+--extra-index-url "$2"} -r requirements.lock
# A fifth of it is what no server reads: the packages' own tests, and what C++ is compiled with against torch.
packages=$(echo "$1"/lib/python3*/site-packages)
find "$packages" -depth -type d -name tests -exec rm -r {} +
rm -rf "$packages/torch/test" "$packages/torch/include"
find "$packages"/torch/bin* -type f ! -name torch_shm_manager -delete
