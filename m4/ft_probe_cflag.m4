# FT_PROBE_CFLAG(FLAG): add FLAG to FT_CFLAGS where the compiler knows it.
AC_DEFUN([FT_PROBE_CFLAG],
[AC_MSG_CHECKING([whether $CC takes $1])
ft_saved_cflags=$CFLAGS
CFLAGS="$CFLAGS -Werror $1"
AC_COMPILE_IFELSE([AC_LANG_PROGRAM([], [])],
    [AC_MSG_RESULT([yes])
     FT_CFLAGS="$FT_CFLAGS $1"],
    [AC_MSG_RESULT([no])])
CFLAGS=$ft_saved_cflags])
