/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every cap of the program in one place. A server can make us hold no more than these. */
#ifndef SP_PROBE_LIMITS_H
#define SP_PROBE_LIMITS_H

/* Dialogue. RFC 5321 §4.5.3.1.5 allows 512 octets a reply line; real servers exceed that. */
#define SP_LIMIT_REPLY_LINE 12288u   /* octets of one reply line, line end excluded; RFC 4954 §4 */
#define SP_LIMIT_REPLY_LINES 256u    /* lines of one reply */
#define SP_LIMIT_REPLY_BYTES 32768u  /* octets of one reply */
#define SP_LIMIT_REPLY_RAW 1024u     /* octets of a strange or bad reply kept to be shown */
#define SP_LIMIT_REPLIES 16u         /* replies kept of one session */
#define SP_LIMIT_CAPABILITIES 128u   /* EHLO keywords kept */
#define SP_LIMIT_PARAMS 128u         /* words kept behind one EHLO keyword; also AUTH mechanisms */
#define SP_LIMIT_TRANSCRIPT 65536u   /* octets of one transcript */
#define SP_LIMIT_COMMAND 512u        /* RFC 5321 §4.5.3.1.4: command line with CRLF */
#define SP_LIMIT_COMMANDS 64u        /* commands of one script */
#define SP_LIMIT_COMMAND_AUTH 12288u /* RFC 4954 §4: a line of AUTH with CRLF */
#define SP_LIMIT_AUTH_OCTETS 9213u   /* of one message: its base64, with CRLF, fills such a line */
#define SP_LIMIT_AUTH_ROUNDS 10u     /* challenges of one login */
#define SP_LIMIT_SCRAM_MIN 4096u     /* iterations, RFC 7677 §4 */
#define SP_LIMIT_SCRAM_MAX 600000u   /* more would cost us seconds for each probe */
#define SP_LIMIT_SCRAM_NONCE 1024u   /* octets of both nonces */
#define SP_LIMIT_SCRAM_SALT 1024u    /* octets of a salt, decoded */
#define SP_LIMIT_SCRAM_SIGNATURE 64u /* octets of the largest hash */
#define SP_LIMIT_WORK_THREADS 512u   /* logins that wait for a Kerberos server at the same time */
#define SP_LIMIT_SECRET_FORMS 640u   /* forms of secrets that are masked in one session */

/* Connection buffers. */
#define SP_LIMIT_READ 16384u        /* one read from the socket */
#define SP_LIMIT_TLS_IN 65536u      /* ciphertext waiting for the TLS library */
#define SP_LIMIT_TLS_OUT 65536u     /* ciphertext waiting for the socket */
#define SP_LIMIT_SURVEYS 5u         /* connections that ask for more of one endpoint */
#define SP_LIMIT_CLIENT_HELLO 2048u /* octets of a ClientHello made by hand */
#define SP_LIMIT_PENDING 16384u     /* plaintext waiting for the socket */
/* Octets kept of one handshake message while a server's hello is read: a ServerKeyExchange with 8192-bit
 * numbers fits, its signature left out. */
#define SP_LIMIT_TLS_HELLO 4096u

/* Certificates. wolfSSL keeps at most nine; the parser's own cap stands above that. */
#define SP_LIMIT_CERTS 16u           /* certificates of one chain */
#define SP_LIMIT_CERT_BYTES 65536u   /* DER of one certificate */
#define SP_LIMIT_CHAIN_BYTES 131072u /* DER of one chain */
#define SP_LIMIT_GROUPS 16u          /* groups in one offer */
#define SP_LIMIT_ALPN 16u            /* application protocols in one offer */
#define SP_LIMIT_ALPN_NAME 255u      /* octets of one, RFC 7301 §3.1 */
#define SP_LIMIT_OCSP_STAPLE 16384u  /* octets of one OCSP response in the handshake */
#define SP_LIMIT_NAMES 256u          /* subjectAltName entries kept */
#define SP_LIMIT_DER_DEPTH 24u       /* nesting of DER values */
#define SP_LIMIT_RSA_EXPONENT 64u    /* bits; a signature check costs in proportion to them */
#define SP_LIMIT_EXTENSIONS 128u     /* unknown extensions of one certificate that are compared */
#define SP_LIMIT_POLICIES 32u        /* policies, or mapped pairs, read of one certificate */
#define SP_LIMIT_CERT_FLAWS 8u       /* breaches of RFC 5280 kept of one certificate */
#define SP_LIMIT_DN_TEXT 1024u       /* octets of a distinguished name as text */
#define SP_LIMIT_PATH_DEPTH 17u      /* certificates in one path: SP_LIMIT_CERTS and the root */
#define SP_LIMIT_PATH_TRIES 32u      /* signature checks spent on one chain, 4 ms each at worst */
#define SP_LIMIT_PATH_STEPS 256u     /* certificates tried as part of a path, of one chain */
#define SP_LIMIT_PATH_ANCHORS 16u    /* anchors of one name that are tried */
#define SP_LIMIT_CONSTRAINT_STEPS 262144u /* work spent on name constraints: see constraints.h */
#define SP_LIMIT_PROBLEMS 64u             /* problems listed of one chain */
#define SP_LIMIT_CA_FILE 33554432u        /* octets of one trust file */
#define SP_LIMIT_OCSP_CERTS 8u            /* certificates looked at in one OCSP response */
#define SP_LIMIT_OCSP_TRIES 4u            /* signature checks spent on one OCSP response */
#define SP_LIMIT_CRL_FILE 268435456u      /* octets of one file of revocation lists */
#define SP_LIMIT_CRLS 4096u               /* revocation lists in all files */

/* Names. */
#define SP_LIMIT_HOST 255u        /* RFC 1035 §2.3.4 */
#define SP_LIMIT_ADDRESSES 32u    /* addresses kept of one name */
#define SP_LIMIT_DNS_CACHE 16384u /* answers kept of names that nobody waits for */

/* Input of the user: mistakes, not attacks, but /dev/zero can be given as a file. */
#define SP_LIMIT_TARGET_LINE 4096u         /* octets of one target line */
#define SP_LIMIT_TARGET_FILE 268435456u    /* octets of one file of targets */
#define SP_LIMIT_IDENTITY_FILE 262144u     /* octets of a client certificate or its key */
#define SP_LIMIT_TARGETS 1000000u          /* targets of one run */
#define SP_LIMIT_TARGETS_ARENA 1073741824u /* octets of what is kept about them */
#define SP_LIMIT_OPTIONS_ARENA 4194304u    /* octets of the options' strings */
#define SP_LIMIT_PAGE 268435456u           /* octets of a help page or a dry run's listing */

/* The exporter. */
#define SP_LIMIT_OUTCOME_ARENA 65536u /* octets of what a request says: target and parameters */
#define SP_LIMIT_HISTORY 33554432u    /* octets of all outcomes that are kept to be shown */
#define SP_LIMIT_HISTORY_CONFIGS 4u   /* configurations that kept outcomes may hold in memory */
#define SP_LIMIT_HISTORY_ROWS 10000u  /* recent endpoints, some 2 KiB each */
#define SP_LIMIT_RESOLVERS 16u        /* DNS servers that are kept ready though nobody asks them */
#define SP_LIMIT_ALLOW_PATTERN 1100u  /* octets of one pattern of allow_targets */

/* Files in YAML. */
#define SP_LIMIT_YAML_FILE 1048576u    /* octets of one file */
#define SP_LIMIT_YAML_DEPTH 24u        /* lists and mappings inside of one another */
#define SP_LIMIT_YAML_NODES 262144u    /* values, with aliases followed */
#define SP_LIMIT_YAML_ANCHORS 256u     /* anchors of one file */
#define SP_LIMIT_YAML_MERGED 1024u     /* keys of a mapping that others are merged into */
#define SP_LIMIT_YAML_ERRORS 100u      /* mistakes that are listed */
#define SP_LIMIT_YAML_ARENA 134217728u /* octets of one tree */

/* The exporter's configuration. */
#define SP_LIMIT_CONFIG_ARENA 134217728u /* octets of what is kept of one configuration */
#define SP_LIMIT_MODULES 4096u           /* modules of one configuration */
#define SP_LIMIT_MODULE_NAME 128u        /* octets of a module's name */
#define SP_LIMIT_ALLOW 1024u             /* entries of one allow list */
#define SP_LIMIT_CONVERTED 4194304u      /* octets of a converted configuration */
#define SP_LIMIT_LABELS 64u              /* labels of one target */
#define SP_LIMIT_LABEL_VALUE 1024u       /* octets of one label's value */

/* Output. */
#define SP_LIMIT_WRITER 65536u /* octets that wait for a file descriptor */
#define SP_LIMIT_WRITER_BEHIND \
    4194304u /* the same for results that are streamed to a slow reader */
#define SP_LIMIT_WRITER_MEMORY 67108864u /* octets of an output that is kept in memory */
#define SP_LIMIT_LINE 65536u             /* octets of one piece of text while it is laid out */

/* A user's pattern against a server's text: the server must not choose what a match costs. */
#define SP_LIMIT_PATTERN 4096u          /* octets of one pattern */
#define SP_LIMIT_PATTERN_STEPS 100000u  /* PCRE2's match limit */
#define SP_LIMIT_PATTERN_DEPTH 10000u   /* PCRE2's limit of nested backtracking */
#define SP_LIMIT_PATTERN_HEAP_KIB 4096u /* PCRE2's heap limit, in KiB */

/* The exporter's HTTP server. */
#define SP_LIMIT_HTTP_MEMORY 24576u     /* octets of the buffers of one connection */
#define SP_LIMIT_HTTP_HEAD 16384u       /* octets of a request line with its header fields */
#define SP_LIMIT_HTTP_BODY 4096u        /* octets of a request's body; it is read and dropped */
#define SP_LIMIT_HTTP_PARAMS 64u        /* query parameters of one request */
#define SP_LIMIT_HTTP_CONNECTIONS 1000u /* of one listening socket, unless its owner says more */
#define SP_LIMIT_HTTP_ADDRESSES 64u     /* listening sockets */
#define SP_LIMIT_HTTP_TEXT 4096u        /* octets of a reply of one line */
#define SP_LIMIT_HTTP_SMALL 65536u      /* octets of a reply that is sent however busy we are */
#define SP_LIMIT_HTTP_HELD 67108864u /* octets of larger replies that clients have not read yet */
#define SP_LIMIT_WEB_PAGE 8388608u /* octets of a page of HTML or JSON; escapes are most of them */
#define SP_LIMIT_WEB_FILE 1048576u /* octets of the web configuration, a certificate or a key */
#define SP_LIMIT_WEB_USERS 1000u   /* users with a password */
#define SP_LIMIT_WEB_WAITING 64u   /* requests that wait for their password to be checked */
#define SP_LIMIT_WEB_REMEMBERED 100u /* checked passwords that are remembered, as digests */
#define SP_LIMIT_WEB_BCRYPT_COST 15u /* 2^15 rounds: about two seconds of one core */

/* One endpoint's whole memory of facts. */
#define SP_LIMIT_ARENA 1048576u

#endif
