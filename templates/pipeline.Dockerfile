# A template's image: the base image, told which pipeline it launches. All templates share the layers of the base.
#
#     docker build --file=templates/pipeline.Dockerfile --tag=IMAGE/verify:TAG \
#         --build-arg=BASE=IMAGE/base:TAG --build-arg=PIPELINE=verify --build-arg=IMAGE=IMAGE/verify:TAG templates

ARG BASE
FROM ${BASE}
ARG PIPELINE
ARG IMAGE
# The file that the launcher runs: the installed module itself.
ENV FLEX_TEMPLATE_PYTHON_PY_FILE=/usr/local/lib/python3.11/site-packages/pipelines/${PIPELINE}.py
# The image's own reference, which the launched job hands to its workers.
ENV SHARDKEEP_IMAGE=${IMAGE}
RUN test -f "$FLEX_TEMPLATE_PYTHON_PY_FILE" && test -n "$SHARDKEEP_IMAGE"
