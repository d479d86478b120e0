# A server of Convscope; deploy/docker.md says how to build and run it, and what was tried.
FROM python:3.11-slim-bookworm

# The address of PyTorch's index of CPU builds, as its install page gives it. Empty: PyPI's build, with 4 GB of CUDA.
ARG TORCH_INDEX=""

RUN useradd --uid 1000 --no-create-home --shell /usr/sbin/nologin convscope \
    && mkdir -p /var/lib/convscope && chown convscope /var/lib/convscope
WORKDIR /opt/convscope
COPY requirements.lock ./
COPY deploy/install.sh deploy/
RUN sh deploy/install.sh venv "$TORCH_INDEX"
COPY dashboard.py ./
COPY .streamlit .streamlit
COPY cnn_core cnn_core
COPY pages pages
COPY deploy deploy
RUN venv/bin/python -m compileall -q cnn_core pages deploy dashboard.py

# All that is kept lies in one folder; everything else may be read-only (`docker run --read-only --tmpfs /tmp`).
ENV CONVSCOPE_RUNS=/var/lib/convscope/runs
ENV CONVSCOPE_DATA=/var/lib/convscope/data
ENV CONVSCOPE_LOG=json
ENV STREAMLIT_SERVER_ADDRESS=0.0.0.0
ENV STREAMLIT_SERVER_PORT=8501
ENV HOME=/tmp
ENV PYTHONDONTWRITEBYTECODE=1
VOLUME /var/lib/convscope
EXPOSE 8501
USER convscope
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["venv/bin/python", "-m", "deploy.healthy"]
CMD ["venv/bin/python", "-m", "deploy.server"]
