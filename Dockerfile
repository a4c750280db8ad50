# gatectl alone: a static program, the public certificate authorities, and a user without rights.
#   docker build -t gatectl . && docker run --rm -v "$PWD:/work:ro" -e GH_TOKEN gatectl plan
FROM rust:1.95.0-alpine AS build
RUN apk add --no-cache musl-dev gcc ca-certificates
WORKDIR /src
COPY . .
RUN cargo build --release --locked

FROM scratch
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /src/target/release/gatectl /gatectl
USER 65532:65532
WORKDIR /work
ENTRYPOINT ["/gatectl"]
