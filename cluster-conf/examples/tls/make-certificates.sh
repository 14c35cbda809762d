#!/bin/sh
# Makes an authority of your own and one store per node, for node.tls. Needs keytool, which comes with the JDK.
#   KRITES_TLS_PASSWORD=secret ./make-certificates.sh OUT_DIR head-1 head-2 127.0.0.1
# A name that consists of digits and dots counts as an address. Give OUT_DIR/NAME.p12 and OUT_DIR/trust.p12 to each node;
# keep OUT_DIR/authority.p12 to yourself: whoever has it can make nodes that the cluster believes.
set -eu
umask 077
[ $# -ge 2 ] || { echo "usage: $0 OUT_DIR NAME..." >&2; exit 2; }
: "${KRITES_TLS_PASSWORD:?set the password of the stores}"
export KRITES_TLS_PASSWORD
out=$1
shift
mkdir -p "$out"
cd "$out"

store() { # the store in $1, and the rest of the command
  file=$1
  shift
  keytool -storetype PKCS12 -storepass:env KRITES_TLS_PASSWORD -keystore "$file" -noprompt "$@"
}

if [ ! -e authority.p12 ]; then
  store authority.p12 -genkeypair -alias authority -keyalg EC -groupname secp256r1 -validity 3650 \
    -dname 'CN=Krites authority' -ext 'bc:c=ca:true,pathlen:0' -ext 'ku:c=keyCertSign,cRLSign'
  store authority.p12 -exportcert -rfc -alias authority -file authority.pem
  store trust.p12 -importcert -alias authority -file authority.pem
fi
for name in "$@"; do
  case $name in
    *[!0-9.]*) san=dns:$name ;;
    *) san=ip:$name ;;
  esac
  store "$name.p12" -genkeypair -alias node -keyalg EC -groupname secp256r1 -validity 825 -dname "CN=$name"
  store "$name.p12" -certreq -alias node -file "$name.csr"
  store authority.p12 -gencert -rfc -alias authority -infile "$name.csr" -outfile "$name.pem" -validity 825 \
    -ext "san=$san" -ext 'eku=serverAuth,clientAuth' -ext 'ku:c=digitalSignature'
  store "$name.p12" -importcert -alias authority -file authority.pem
  store "$name.p12" -importcert -alias node -file "$name.pem"
  rm -f "$name.csr" "$name.pem"
done
