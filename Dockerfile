# The book's notebooks in a container, set up by the commands of the README. For Binder, and for
#   docker build --tag convolution . && docker run --rm --publish 127.0.0.1:8888:8888 convolution

FROM rust:1.95-slim-bookworm AS tools
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git python3 python3-venv chromium \
 && rm -rf /var/lib/apt/lists/*
RUN rustup component add clippy rustfmt
# Binder names the user and the number that it runs as.
ARG NB_USER=reader
ARG NB_UID=1000
ENV USER=${NB_USER} HOME=/home/${NB_USER}
RUN useradd --create-home --uid ${NB_UID} ${NB_USER}
# Cargo's folder in this image belongs to root; a reader has one of their own.
ENV CARGO_HOME=${HOME}/.cargo
USER ${NB_USER}

FROM tools
# Made by the reader: a folder that COPY or WORKDIR makes may belong to root.
WORKDIR ${HOME}
RUN mkdir book
COPY --chown=${USER} . book
WORKDIR ${HOME}/book
RUN cargo xtask jupyter --set-up
ENV PATH=${HOME}/book/target/tools/python/bin:${PATH}
# Binder starts `jupyter notebook`; JupyterLab does the same and more.
RUN ln -s jupyter-lab target/tools/python/bin/jupyter-notebook
WORKDIR ${HOME}/book/notebooks
EXPOSE 8888
# Inside the container every address; --publish above says who can reach it. Jupyter prints its token.
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--port=8888", "--no-browser"]
