# Real Kafka for tests and benchmarks. Sourced after build.sh:
#
#   braid_prepare_kafka LOG    exports BRAID_KAFKA_LIBS, the folder of Kafka's jars, or BRAID_KAFKA_SKIP, the reason
#                              why there is none. Whether to skip for it is the program's to say.
#   braid_prepare_older_kafka LOG   exports BRAID_OLDER_KAFKA_LIBS, where an older version's can be had

braid_prepare_kafka() {
  local log=$1 folder
  unset BRAID_KAFKA_LIBS BRAID_KAFKA_SKIP
  if folder=$(timeout --kill-after=20 600 "$braid_root/tests/integration/kafka/prepare" </dev/null 2>"$log"); then
    export BRAID_KAFKA_LIBS=${folder##*$'\n'}
    return
  fi
  BRAID_KAFKA_SKIP=$(tail -n 1 "$log")
  export BRAID_KAFKA_SKIP=${BRAID_KAFKA_SKIP:-tests/integration/kafka/prepare failed and gave no reason}
  echo "  $BRAID_KAFKA_SKIP"
}

braid_prepare_older_kafka() {
  local log=$1 folder
  unset BRAID_OLDER_KAFKA_LIBS
  if folder=$(timeout --kill-after=20 600 "$braid_root/tests/integration/kafka/prepare" --older </dev/null 2>"$log"); then
    export BRAID_OLDER_KAFKA_LIBS=${folder##*$'\n'}
    return
  fi
  echo "  an older one: $(tail -n 1 "$log")"
}
