# The environment of ./tertia and Tertia in it, from the same lists as env/build.sh.
#
#     docker build -t tertia .
#     docker run --rm -v "$PWD:/work" tertia run na3sb_ni
#
# With --build-arg: BASE, any Debian 13; pip's own settings, where PyPI is reached in another way.
ARG BASE=docker.io/library/debian:trixie-slim
FROM ${BASE}

COPY env /opt/tertia/env
# One layer, so that the downloads are not kept in it.
RUN cp /opt/tertia/env/dpkg.cfg /etc/dpkg/dpkg.cfg.d/tertia \
 && printf 'Acquire::Languages "none";\n' >/etc/apt/apt.conf.d/90tertia \
 && apt-get update \
 && grep -v '^#' /opt/tertia/env/debian.txt \
  | DEBIAN_FRONTEND=noninteractive xargs apt-get install --yes --no-install-recommends \
 && rm -rf /var/lib/apt/lists/* /var/cache/apt/archives/*.deb
ARG PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_CERT
RUN sh /opt/tertia/env/venv.sh /venv

# Root because the files of the host are written as the host says; Open MPI wants that confirmed.
# One node: shared memory and nothing else, without looking for networks and complaining about them.
ENV PATH=/venv/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin \
    LC_ALL=C.UTF-8 TERTIA_ENV=system TERTIA_ENVIRONMENT="image of the Dockerfile" OMP_NUM_THREADS=1 \
    OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
    OMPI_MCA_pml=ob1 OMPI_MCA_btl=self,sm OMPI_MCA_osc=^ucx UCX_LOG_LEVEL=fatal HWLOC_HIDE_ERRORS=2

COPY . /opt/tertia
RUN ln -s /opt/tertia/tertia /usr/local/bin/tertia
WORKDIR /work
ENTRYPOINT ["tertia"]
CMD ["--help"]
