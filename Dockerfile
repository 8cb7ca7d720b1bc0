# The image of Calcinosis Check: built by the same Makefile as everywhere else.
#
#   docker build --tag calcinosis-check .
#   docker run --publish 8000:8000 --volume calcinosis:/srv/var calcinosis-check

# First stage: packages and style sheet. Node comes and goes here.
FROM python:3.13-slim-bookworm AS build
RUN apt-get update \
    && apt-get install --yes --no-install-recommends make \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /srv
COPY . .
RUN make .venv/ready static/vendor/nhsuk.css \
    && rm -rf .build node_modules static/*.scss

# Second stage: what runs. Same Python and same folder, so the environment fits.
FROM python:3.13-slim-bookworm
RUN useradd --system --user-group --home-dir /srv calcinosis \
    && install --directory --owner calcinosis --group calcinosis --mode 0700 /srv/var
WORKDIR /srv
COPY --from=build /srv /srv
ENV PATH=/srv/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER calcinosis
# The key that seals answers and the database live here; keep it, or open answers are lost.
VOLUME /srv/var
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=4)"]
CMD ["python", "-m", "app", "serve", "--host", "0.0.0.0", "--port", "8000"]
